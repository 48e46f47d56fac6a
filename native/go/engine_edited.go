//go:build !wazero_upstream

package main

import (
	"context"
	"math"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/nodehost"

	"wazeronode/accounts"
	"wazeronode/descriptors"
	"wazeronode/images"
	"wazeronode/jail"
)

const engineEdited = true

func functionDefinitionOf(m api.Module, reference uint64) (api.FunctionDefinition, bool) {
	return nodehost.FunctionDefinitionOf(m, reference)
}

func functionOwnerOf(m api.Module, reference uint64) (api.Module, uint32, bool) {
	return nodehost.FunctionOwnerOf(m, reference)
}
func functionAt(m api.Module, index uint32) api.Function { return nodehost.FunctionAt(m, index) }

// hostCode is a host module's with the functions of this instance.
func (i *instantiation) hostCode(ctx context.Context, code wazero.CompiledModule) (context.Context, wazero.CompiledModule, error) {
	return nodehost.WithHostFunctions(ctx, functionsFrom(i.compiled.hostFunctions, i.config.hostBase)), code, nil
}

type externOf = nodehost.Extern

func withExterns(ctx context.Context, list []externOf) context.Context {
	return nodehost.WithExterns(ctx, list)
}

// hostInstance makes an instance of a host module for one guest alone; there is nothing of it to close.
func (c *compiledState) hostInstance(base uint64) (api.Module, error) {
	return nodehost.HostInstance(c.rt.inner, c.inner, functionsFrom(c.hostFunctions, base))
}

func validateModule(ctx context.Context, r wazero.Runtime, binary []byte) error {
	return nodehost.ValidateModule(ctx, r, binary)
}

func hostFunctionsOf(code wazero.CompiledModule) []any { return nodehost.HostFunctionsOf(code) }

type exceptionsKey = nodehost.ExceptionsKey

func addThrowing(n int64) { nodehost.AddThrowing(n) }
func exportedTag(m api.Module, name string) (tag any, types []api.ValueType) {
	return nodehost.ExportedTag(m, name)
}
func newException(tag any, words []uint64) any { return nodehost.NewException(tag, words) }
func exceptionOf(exception any) (tag any, types []api.ValueType, words []uint64) {
	return nodehost.ExceptionOf(exception)
}

func heldReferences(m api.Module, look func(word uint64)) bool {
	return nodehost.HeldReferences(m, look)
}

func beginGlobal(g api.Global, lo, hi uint64)           { nodehost.BeginGlobal(g, lo, hi) }
func globalWords(g api.Global) (lo, hi uint64)          { return nodehost.GlobalValue(g) }
func setGlobalWords(g api.MutableGlobal, lo, hi uint64) { nodehost.SetGlobalValue(g, lo, hi) }

type directFunction = nodehost.Direct

// directOf is nil where C++ cannot enter the function.
func directOf(m api.Module, fn api.Function) directFunction {
	if d, ok := nodehost.DirectOf(m, fn); ok {
		return d
	}
	return nil
}

func importedBy(m api.Module) []api.Module { return nodehost.ImportedFrom(m) }

func stackHeadroom() int { return nodehost.StackHeadroom() }

func withStackLimit(ctx context.Context, bytes uint64) context.Context {
	if bytes == 0 {
		return ctx
	}
	return nodehost.WithMaxStackBytes(ctx, int(min(bytes, 1<<40)))
}

func withTableLimit(ctx context.Context, elements uint32, account *accounts.Account) context.Context {
	if elements == 0 {
		elements = math.MaxUint32
	}
	return nodehost.WithMaxTableElements(ctx, elements, tables{account})
}

// tables are charged to the account of the module that defines them.
type tables struct{ account *accounts.Account }

func (t tables) Take(elements uint64) bool { return t.account.Take(accounts.Elements, elements) }
func (t tables) Give(elements uint64)      { t.account.Give(accounts.Elements, elements) }

func withFiles(ctx context.Context, files *jail.OpenFiles) context.Context {
	return nodehost.WithFiles(ctx, connections{files})
}

// connections are files, too, to a guest's limit and to that of all guests.
type connections struct{ files *jail.OpenFiles }

func (c connections) Take() bool {
	if !c.files.Take() {
		return false
	}
	if !descriptors.Take() {
		c.files.Release()
		return false
	}
	return true
}

func (c connections) Release() {
	descriptors.Give(1)
	c.files.Release()
}

// ---- images: edit e11fork

type engineImage = nodehost.Image

func freezeModule(m api.Module, others []api.Module) (*engineImage, []string) {
	return nodehost.Freeze(m, others)
}

func openFilesOf(m api.Module, mounts, listeners int) []string {
	return nodehost.OpenFiles(m, mounts, listeners)
}

func withImage(ctx context.Context, i *engineImage) context.Context {
	return nodehost.WithImage(ctx, i)
}

func withBeginning(ctx context.Context, keep func(*engineImage, []byte)) context.Context {
	return nodehost.WithBeginning(ctx, keep)
}

func resetModule(ctx context.Context, m api.Module, i *engineImage, buffer []byte, config wazero.ModuleConfig) error {
	return nodehost.Reset(ctx, m, i, buffer, config)
}

// ---- calls that wait: edit e13waiting

type waitingCall = nodehost.Waiting

// errParked is what a call ends with that is left at stdin.
var errParked = nodehost.ErrParked

func freezeWaiting(ctx context.Context, m api.Module) (*waitingCall, string) {
	return nodehost.FreezeWaiting(ctx, m)
}

func withPark(ctx context.Context, park func(context.Context, api.Module)) context.Context {
	return nodehost.WithPark(ctx, park)
}

// resumeCall runs the call of an image to its end. A nil answer: its host function is called again.
func resumeCall(ctx context.Context, m api.Module, w *waitingCall, answer []uint64) error {
	call, err := nodehost.Resume(ctx, m, w, answer)
	switch {
	case err == nil:
		return call.Run()
	case nodehost.IsStackOverflow(err):
		return err
	}
	return linkError("the image's call cannot go on: " + err.Error())
}

// savedCall is one as a file has it: what looks like an address of this process is half of one. Its upper half alone is cleared, for a value of 32 bits may
// have been spilled over the lower half of an address that was dead: the word looks like one then, and the guest needs that half.
func savedCall(w *waitingCall) *images.Waiting {
	s := &images.Waiting{Guarded: w.Guarded, Function: w.Function, Import: w.Import, Entry: w.Entry, Exit: w.Exit, ExitSum: w.ExitSum,
		Words: slices.Clone(w.Words), Registers: slices.Clone(w.Registers), Frames: w.Frames}
	for _, i := range w.Stray {
		s.Words[i] &= math.MaxUint32
	}
	for _, i := range w.StrayRegisters {
		s.Registers[i] &= math.MaxUint32
	}
	for _, r := range w.Returns {
		s.Returns = append(s.Returns, [2]uint32{r.Function, r.Offset})
	}
	return s
}

func loadedCall(s *images.Waiting) *waitingCall {
	w := &waitingCall{Guarded: s.Guarded, Function: s.Function, Import: s.Import, Entry: s.Entry, Exit: s.Exit, ExitSum: s.ExitSum, Words: s.Words, Registers: s.Registers, Frames: s.Frames}
	for _, r := range s.Returns {
		w.Returns = append(w.Returns, nodehost.WaitingReturn{Function: r[0], Offset: r[1]})
	}
	return w
}

// stateOf is an image as a file has it.
func stateOf(i *engineImage) images.State {
	s := images.State{MemoryBytes: i.MemoryBytes, Tables: i.Tables, Data: i.Data, Elements: i.Elements}
	for _, g := range i.Globals {
		s.Globals = append(s.Globals, [2]uint64{g.Lo, g.Hi})
	}
	if i.Waiting != nil {
		s.Waiting = savedCall(i.Waiting)
	}
	return s
}

// imageOf is that of a file, if it fits the module.
func imageOf(s *images.State, compiled wazero.CompiledModule) (*engineImage, error) {
	i := &engineImage{MemoryBytes: s.MemoryBytes, Tables: s.Tables, Data: s.Data, Elements: s.Elements}
	for _, g := range s.Globals {
		i.Globals = append(i.Globals, nodehost.GlobalImage{Lo: g[0], Hi: g[1]})
	}
	if s.Waiting != nil {
		i.Waiting = loadedCall(s.Waiting)
	}
	return i, nodehost.CheckImage(compiled, i)
}

func askBeforeAllocating(may func(bytes uint64) bool) { nodehost.SetMayAllocate(may) }

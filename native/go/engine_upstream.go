//go:build wazero_upstream

package main

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"wazeronode/accounts"
	"wazeronode/failure"
	"wazeronode/images"
	"wazeronode/jail"
)

const engineEdited = false

func functionDefinitionOf(api.Module, uint64) (api.FunctionDefinition, bool) { return nil, false }

func functionOwnerOf(api.Module, uint64) (api.Module, uint32, bool) { return nil, 0, false }
func functionAt(api.Module, uint32) api.Function                    { return nil }

// hostCode is a host module's with the functions of this instance, compiled for it.
func (i *instantiation) hostCode(ctx context.Context, _ wazero.CompiledModule) (context.Context, wazero.CompiledModule, error) {
	code, err := i.compiled.compileHost(i.config.hostBase)
	if err == nil {
		i.module.twins = append(i.module.twins, func() { _ = code.Close(context.Background()) })
	}
	return ctx, code, err
}

type externOf struct {
	Module   any
	Name     string
	Function uint32
	IsHost   bool
	ByIndex  bool
}

func withExterns(ctx context.Context, _ []externOf) context.Context { return ctx }

func (c *compiledState) hostInstance(uint64) (api.Module, error) {
	return nil, &failure.Error{Code: failure.CodeNotImplemented, Message: "instantiating with a list of imports needs the edited engine"}
}

// validateModule compiles, as there is no other way to ask.
func validateModule(ctx context.Context, r wazero.Runtime, binary []byte) error {
	c, err := r.CompileModule(ctx, binary)
	if err == nil {
		err = c.Close(ctx)
	}
	return err
}

func hostFunctionsOf(wazero.CompiledModule) []any { return nil }

type exceptionsKey struct{} // nobody asks for it

func addThrowing(int64)                                     {}
func exportedTag(api.Module, string) (any, []api.ValueType) { return nil, nil }
func newException(any, []uint64) any                        { return nil }
func exceptionOf(any) (any, []api.ValueType, []uint64)      { return nil, nil, nil }
func heldReferences(api.Module, func(uint64)) bool          { return false }
func beginGlobal(api.Global, uint64, uint64)                {} // stays what its expression said

func globalWords(g api.Global) (lo, hi uint64)         { return g.Get(), 0 }
func setGlobalWords(g api.MutableGlobal, lo, _ uint64) { g.Set(lo) }

// directFunction has no implementation here: every call goes through Go.
type directFunction interface {
	DirectEntry() (entry directEntry, ok bool)
	Lend(context.Context, []byte)
	TakeBack()
	Interrupt()
	WithSnapshots(context.Context) context.Context
	FailIfClosed() error
}
type directEntry struct {
	Preamble, Executable, ExecutionContext, ModuleContext, Closed                         uintptr
	Words                                                                                 int
	Fuel                                                                                  *int64
	HostWords                                                                             uintptr
	ExitCode, CallerModule, StackLimit, ReturnAddress, StackPointer, Callee, FramePointer uintptr
}

func directOf(api.Module, api.Function) directFunction { return nil }
func stackHeadroom() int                               { return 0 }

func withStackLimit(ctx context.Context, _ uint64) context.Context { return ctx } // wazero has no such limit

func withTableLimit(ctx context.Context, _ uint32, _ *accounts.Account) context.Context { return ctx } // only the pre-scan limits tables

func withFiles(ctx context.Context, _ *jail.OpenFiles) context.Context { return ctx }

// engineImage: without edits nothing can be frozen.
type engineImage struct {
	MemoryBytes uint64
	Waiting     *waitingCall
}

// waitingCall likewise.
type waitingCall struct{ Import uint32 }

var errParked = errNoImages

func freezeWaiting(context.Context, api.Module) (*waitingCall, string) { panic(errNoImages) }
func withPark(ctx context.Context, _ func(context.Context, api.Module)) context.Context {
	return ctx
}
func (c *compiledState) codeOfCall(bool) [32]byte                          { return [32]byte{} }
func resumeCall(context.Context, api.Module, *waitingCall, []uint64) error { return errNoImages }

var errNoImages = &failure.Error{Code: failure.CodeNotImplemented, Message: "images need the edited engine"}

func freezeModule(api.Module, []api.Module) (*engineImage, []string)                { panic(errNoImages) }
func openFilesOf(api.Module, int, int) []string                                     { return nil }
func withBeginning(c context.Context, _ func(*engineImage, []byte)) context.Context { return c }
func withImage(ctx context.Context, _ *engineImage) context.Context                 { return ctx }
func stateOf(*engineImage) images.State                                             { return images.State{} }
func imageOf(*images.State, wazero.CompiledModule) (*engineImage, error)            { return nil, errNoImages }
func resetModule(context.Context, api.Module, *engineImage, []byte, wazero.ModuleConfig) error {
	return errNoImages
}

func askBeforeAllocating(func(bytes uint64) bool) {}

// importedBy is not known to upstream: what it was told is what it links.
func importedBy(api.Module) []api.Module { return nil }

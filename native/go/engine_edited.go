//go:build !wazero_upstream

package main

import (
	"context"
	"math"

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

func resetModule(ctx context.Context, m api.Module, i *engineImage, buffer []byte, config wazero.ModuleConfig) error {
	return nodehost.Reset(ctx, m, i, buffer, config)
}

// stateOf is an image as a file has it.
func stateOf(i *engineImage) images.State {
	s := images.State{MemoryBytes: i.MemoryBytes, Tables: i.Tables, Data: i.Data, Elements: i.Elements}
	for _, g := range i.Globals {
		s.Globals = append(s.Globals, [2]uint64{g.Lo, g.Hi})
	}
	return s
}

// imageOf is that of a file, if it fits the module.
func imageOf(s *images.State, compiled wazero.CompiledModule) (*engineImage, error) {
	i := &engineImage{MemoryBytes: s.MemoryBytes, Tables: s.Tables, Data: s.Data, Elements: s.Elements}
	for _, g := range s.Globals {
		i.Globals = append(i.Globals, nodehost.GlobalImage{Lo: g[0], Hi: g[1]})
	}
	return i, nodehost.CheckImage(compiled, i)
}

func askBeforeAllocating(may func(bytes uint64) bool) { nodehost.SetMayAllocate(may) }

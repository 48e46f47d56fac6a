package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// What the host makes for guests to import: an instance that has it, exports it without a name, and has no code. Runtimes are those of wazero.

// MakeMemory makes a memory of the allocator of the context. All are pages; max is the runtime's where hasMax is false.
func MakeMemory(ctx context.Context, runtime any, min, capacity, max uint32, hasMax, shared bool) (api.Module, error) {
	m := &wasm.Module{MemorySection: &wasm.Memory{Min: min, Cap: capacity, Max: max, IsMaxEncoded: hasMax, IsShared: shared}}
	m.BuildMemoryDefinitions()
	return makeExtern(ctx, runtime, m, wasm.ExternTypeMemory, 0, 0)
}

// MakeTable makes a table of null references; max may be nil.
func MakeTable(ctx context.Context, runtime any, of api.ValueType, min uint32, max *uint32) (api.Module, error) {
	m := &wasm.Module{TableSection: []wasm.Table{{Min: min, Max: max, Type: wasm.ValueType(of)}}}
	return makeExtern(ctx, runtime, m, wasm.ExternTypeTable, 0, 0)
}

// MakeGlobal makes a global; hi is 0 for all types but v128.
func MakeGlobal(ctx context.Context, runtime any, of api.ValueType, mutable bool, lo, hi uint64) (api.Module, error) {
	m := &wasm.Module{GlobalSection: []wasm.Global{{Type: wasm.GlobalType{ValType: wasm.ValueType(of), Mutable: mutable}}}}
	return makeExtern(ctx, runtime, m, wasm.ExternTypeGlobal, lo, hi)
}

// MakeTag makes a tag.
func MakeTag(ctx context.Context, runtime any, params []api.ValueType) (api.Module, error) {
	t := wasm.FunctionType{RecGroupSize: 1}
	for _, p := range params {
		t.Params = append(t.Params, wasm.ValueType(p))
	}
	t.CacheNumInUint64()
	m := &wasm.Module{TypeSection: []wasm.FunctionType{t}, TagSection: []wasm.Tag{{}}}
	return makeExtern(ctx, runtime, m, wasm.ExternTypeTag, 0, 0)
}

func makeExtern(ctx context.Context, runtime any, m *wasm.Module, of wasm.ExternType, lo, hi uint64) (api.Module, error) {
	m.ExportSection = []wasm.Export{{Type: of}}
	m.Exports = map[string]*wasm.Export{"": &m.ExportSection[0]}
	return runtime.(interface {
		MakeExtern(ctx context.Context, module any, lo, hi uint64) (api.Module, error)
	}).MakeExtern(ctx, m, lo, hi)
}

// Table is a table that an instance exports. To be used while nothing runs that may use it, too.
type Table struct{ table *wasm.TableInstance }

// ExportedTable is false where there is none of that name.
func ExportedTable(m api.Module, name string) (Table, bool) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok {
		return Table{}, false
	}
	e := instance.Exports[name]
	if e == nil || e.Type != wasm.ExternTypeTable {
		return Table{}, false
	}
	return Table{instance.Tables[e.Index]}, true
}

// Type is of its elements; plain: it takes all functions, or all values of the host, and null.
func (t Table) Type() (of api.ValueType, plain bool) {
	is := t.table.Type
	return is.Kind(), is == wasm.RefTypeFuncref || is == wasm.RefTypeExternref
}

// Limits are those that it was made with.
func (t Table) Limits() (min uint32, max *uint32) { return t.table.Min, t.table.Max }

// Size is in elements.
func (t Table) Size() uint32 { return uint32(len(t.table.References)) }

// Get is false where there is no such element.
func (t Table) Get(at uint32) (word uint64, ok bool) {
	if at >= t.Size() {
		return 0, false
	}
	return uint64(t.table.References[at]), true
}

// Fill is false, and changes nothing, where there are not so many elements. Of what a reference refers to the caller knows that it lives as long as the
// table.
func (t Table) Fill(at, count uint32, word uint64) bool {
	if uint64(at)+uint64(count) > uint64(t.Size()) {
		return false
	}
	elements := t.table.References[at : at+count]
	for i := range elements {
		elements[i] = wasm.Reference(word)
	}
	return true
}

// Grow adds null references and returns how many there were; false where that is refused.
func (t Table) Grow(by uint32) (was uint32, ok bool) {
	was = t.table.Grow(by, 0)
	return was, was != 0xffffffff
}

// ReferenceTo is the reference to an instance's function; 0 where it has none of that index.
func ReferenceTo(m api.Module, index uint32) uint64 {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok || instance.Source.IsHostModule || index >= instance.Source.ImportFunctionCount+uint32(len(instance.Source.FunctionSection)) {
		return 0
	}
	return uint64(instance.Engine.FunctionInstanceReference(index))
}

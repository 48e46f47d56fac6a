package wazevo

import (
	"slices"
	"unsafe"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// IndexOfReference is for wasm.Image.
func (m *moduleEngine) IndexOfReference(ref wasm.Reference) (wasm.Index, bool) {
	if n := uintptr(m.module.Source.ImportFunctionCount); n > 0 { // one that it imports has its reference in the module's own context
		begin := uintptr(unsafe.Pointer(m.opaquePtr)) + uintptr(m.parent.offsets.ImportedFunctionsBegin)
		if at := ref - begin; ref >= begin && at < n*wazevoapi.FunctionInstanceSize {
			return wasm.Index(at / wazevoapi.FunctionInstanceSize), at%wazevoapi.FunctionInstanceSize == 0
		}
	}
	f := wazevoapi.PtrFromUintptr[functionInstance](ref)
	if f.moduleContextOpaquePtr != m.opaquePtr {
		return 0, false
	}
	return f.indexInModule, true
}

// frozenFunctions are the functionInstances of the functions that an image refers to. Tables hold their addresses, which the collector does not
// see: the engine keeps them. Nor does it look into them: what they point to are this engine's context and code, which the engine keeps, too.
type frozenFunctions struct {
	all     []functionInstance
	indexes []wasm.Index // of all; ascending, the image's own
}

func (f *frozenFunctions) find(index wasm.Index) *functionInstance {
	if i, ok := slices.BinarySearch(f.indexes, index); ok {
		return &f.all[i]
	}
	return nil
}

// closeFrozen closes them, as ModuleClosed does all others. A store of a word is whole, also without Go's atomic one, which takes 6 ns for each.
func (m *moduleEngine) closeFrozen() {
	if len(m.frozen.all) == 0 {
		return // a module without functions has no stub
	}
	stub := m.closedStub()
	for i := range m.frozen.all {
		m.frozen.all[i].executable = stub
	}
}

// newFunctions is a copy that the collector does not look into.
func (t *functionsTemplate) newFunctions(context *byte) []functionInstance {
	n := len(t.functions)
	if n == 0 {
		return nil
	}
	const size, at = unsafe.Sizeof(functionInstance{}) / 8, unsafe.Offsetof(functionInstance{}.moduleContextOpaquePtr) / 8
	words := append([]uint64(nil), unsafe.Slice((*uint64)(unsafe.Pointer(&t.functions[0])), n*int(size))...)
	for i := at; i < uintptr(len(words)); i += size {
		words[i] = uint64(uintptr(unsafe.Pointer(context)))
	}
	return unsafe.Slice((*functionInstance)(unsafe.Pointer(&words[0])), n)
}

// functionsTemplate is what frozenFunctions are a copy of, but for the context of the instance.
type functionsTemplate struct {
	parent    *compiledModule
	functions []functionInstance
	indexes   []wasm.Index
	imported  int // functions of the image that are imported, which come first
}

// References is for wasm.Image.
func (m *moduleEngine) References(refs []wasm.Reference, functions []wasm.Index, made any) any {
	template, _ := made.(*functionsTemplate)
	if template == nil || template.parent != m.parent {
		template = m.newFunctionsTemplate(functions)
	}
	if m.frozen.indexes == nil {
		m.frozen.indexes = template.indexes
		m.frozen.all = template.newFunctions(m.opaquePtr)
	}
	for i, index := range functions[:template.imported] {
		refs[1+i] = m.FunctionInstanceReference(index)
	}
	for i, own := 0, refs[1+template.imported:]; i < len(m.frozen.all) && i < len(own); i++ {
		own[i] = uintptr(unsafe.Pointer(&m.frozen.all[i]))
	}
	return template
}

func (m *moduleEngine) newFunctionsTemplate(functions []wasm.Index) *functionsTemplate {
	source := m.module.Source
	imported, _ := slices.BinarySearch(functions, source.ImportFunctionCount)
	t := &functionsTemplate{parent: m.parent, imported: imported, indexes: functions[imported:]}
	t.functions = make([]functionInstance, len(t.indexes))
	for i, index := range t.indexes {
		local := index - source.ImportFunctionCount
		t.functions[i] = functionInstance{
			executable:    &m.parent.executable[m.parent.functionOffsets[local]],
			typeID:        m.module.TypeIDs[source.FunctionSection[local]],
			indexInModule: index,
		}
	}
	return t
}

package wazevo

import (
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// FunctionDefinitionOf is for nodehost.FunctionDefinitionOf. It goes by the address of the code, because a reference
// to an imported function has no index: it points into the importer's opaque, where only the first three fields exist.
func (m *moduleEngine) FunctionDefinitionOf(ref wasm.Reference) (api.FunctionDefinition, bool) {
	addr := uintptr(unsafe.Pointer(wazevoapi.PtrFromUintptr[functionInstance](ref).executable))
	cm := m.parent.parent.compiledModuleOfAddr(addr)
	if cm == nil {
		return nil, false
	}
	return cm.module.FunctionDefinition(cm.module.ImportFunctionCount + cm.functionIndexOf(addr)), true
}

// FunctionOwnerOf is for nodehost.FunctionOwnerOf.
func (m *moduleEngine) FunctionOwnerOf(ref wasm.Reference) (*wasm.ModuleInstance, wasm.Index, bool) {
	f := wazevoapi.PtrFromUintptr[functionInstance](ref)
	addr := uintptr(unsafe.Pointer(f.executable))
	cm := m.parent.parent.compiledModuleOfAddr(addr)
	if cm == nil || cm.module.IsHostModule { // closed, or an opaque that does not begin with an instance
		return nil, 0, false
	}
	return moduleInstanceFromOpaquePtr(f.moduleContextOpaquePtr), cm.module.ImportFunctionCount + cm.functionIndexOf(addr), true
}

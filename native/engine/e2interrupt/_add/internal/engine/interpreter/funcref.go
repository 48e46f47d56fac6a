package interpreter

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// FunctionDefinitionOf is for nodehost.FunctionDefinitionOf.
func (e *moduleEngine) FunctionDefinitionOf(ref wasm.Reference) (api.FunctionDefinition, bool) {
	return functionFromUintptr(ref).definition(), true
}

// FunctionOwnerOf is for nodehost.FunctionOwnerOf.
func (e *moduleEngine) FunctionOwnerOf(ref wasm.Reference) (*wasm.ModuleInstance, wasm.Index, bool) {
	f := functionFromUintptr(ref)
	if f.moduleInstance.Source.IsHostModule {
		return nil, 0, false
	}
	return f.moduleInstance, f.definition().Index(), true
}

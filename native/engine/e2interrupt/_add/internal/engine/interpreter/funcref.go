package interpreter

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// FunctionDefinitionOf is for nodehost.FunctionDefinitionOf.
func (e *moduleEngine) FunctionDefinitionOf(ref wasm.Reference) (api.FunctionDefinition, bool) {
	return functionFromUintptr(ref).definition(), true
}

package interpreter

import "github.com/tetratelabs/wazero/internal/wasm"

// NewMadeEngine is that of an instance without code.
func (e *engine) NewMadeEngine(*wasm.Module, *wasm.ModuleInstance) wasm.ModuleEngine {
	return &moduleEngine{parentEngine: e}
}

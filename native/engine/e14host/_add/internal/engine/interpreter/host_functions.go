package interpreter

import "github.com/tetratelabs/wazero/internal/wasm"

// putHostFunctions gives a host module's instance functions of its own, where it has some.
func (e *moduleEngine) putHostFunctions(instance *wasm.ModuleInstance) {
	for i, fn := range instance.HostFunctions { // a host module imports nothing: these are all that it has
		own := *e.functions[i].parent
		own.hostFn = fn
		e.functions[i].parent = &own
	}
}

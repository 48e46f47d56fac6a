package interpreter

import "github.com/tetratelabs/wazero/internal/wasm"

// failIfClosed ends a call that would enter a function of another instance which has been closed.
func (f *function) failIfClosed(caller *wasm.ModuleInstance) {
	if callee := f.moduleInstance; callee != caller && callee.Closed.Load() != 0 && f.parent.hostFn == nil {
		panic(callee.FailIfClosed())
	}
}

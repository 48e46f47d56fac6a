package nodehost

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// HeldReferences passes every externref that an instance holds, at rest; false where that is not all.
func HeldReferences(m api.Module, look func(word uint64)) bool {
	instance, ok := m.(*wasm.ModuleInstance)
	return ok && instance.HeldReferences(look)
}

// BeginGlobal gives a global the value that it begins with, also where it is immutable: before anybody has read it.
func BeginGlobal(g api.Global, lo, hi uint64) {
	if instance := wasm.GlobalInstanceOf(g); instance != nil {
		instance.SetValue(lo, hi)
	}
}

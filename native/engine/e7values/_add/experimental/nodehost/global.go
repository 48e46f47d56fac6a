package nodehost

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// GlobalValue gives both halves of a global; hi is 0 for all types but v128.
func GlobalValue(g api.Global) (lo, hi uint64) {
	if instance := wasm.GlobalInstanceOf(g); instance != nil {
		return instance.Value()
	}
	return g.Get(), 0
}

// SetGlobalValue sets both halves.
func SetGlobalValue(g api.MutableGlobal, lo, hi uint64) {
	if instance := wasm.GlobalInstanceOf(g); instance != nil {
		instance.SetValue(lo, hi)
		return
	}
	g.Set(lo)
}

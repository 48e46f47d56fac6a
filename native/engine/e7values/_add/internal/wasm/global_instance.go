package wasm

import "github.com/tetratelabs/wazero/api"

// GlobalInstanceOf gives what an exported global wraps.
func GlobalInstanceOf(g api.Global) *GlobalInstance {
	switch g := g.(type) {
	case constantGlobal:
		return g.g
	case mutableGlobal:
		return g.g
	}
	return nil
}

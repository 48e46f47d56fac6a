package interpreter

import "github.com/tetratelabs/wazero/internal/wasm"

// rootException is called when the guest is about to continue at a catch clause of this kind, with the exception that
// was thrown last.
func (ce *callEngine) rootException(kind byte) {
	if kind == wasm.CatchKindCatchRef || kind == wasm.CatchKindCatchAllRef {
		ce.exceptions.Add(ce.f.moduleInstance, ce.thrown, func(look func(word uint64)) {
			for _, word := range ce.stack {
				look(word)
			}
		})
	}
	ce.thrown = nil
}

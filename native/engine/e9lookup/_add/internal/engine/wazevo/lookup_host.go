package wazevo

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// hostFlag marks the index of a host function where an importer has a copy of its reference, the only place where a reference to
// one exists: its module context begins with a *wasm.Module, that of others with a *wasm.ModuleInstance.
const hostFlag wasm.Index = 1 << 31

func hostFlagOf(me *moduleEngine) wasm.Index {
	if me.module != nil && me.module.Source != nil && me.module.Source.IsHostModule {
		return hostFlag
	}
	return 0
}

// lookedUpHost gives what ModuleInstance.LookupFunction reads of a host module: its source.
func lookedUpHost(f *functionInstance) (*wasm.ModuleInstance, wasm.Index) {
	source := *(**wasm.Module)(unsafe.Pointer(f.moduleContextOpaquePtr))
	index := f.indexInModule &^ hostFlag
	source.FunctionDefinition(index) // definitions are made when the first one is asked for
	return &wasm.ModuleInstance{Source: source}, index
}

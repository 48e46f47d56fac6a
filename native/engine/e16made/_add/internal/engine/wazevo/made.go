package wazevo

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// NewMadeEngine is that of an instance without code (wasm.Store.MakeExtern): importers need to know where in its opaque things are, and no more.
func (e *engine) NewMadeEngine(m *wasm.Module, mi *wasm.ModuleInstance) wasm.ModuleEngine {
	c := &compiledModule{executables: &executables{}, parent: e, module: m, offsets: wazevoapi.NewModuleContextOffsetData(m, false), sharedFunctions: e.sharedFunctions}
	opaque := newAlignedOpaque(c.offsets.TotalSize)
	return &moduleEngine{parent: c, module: mi, opaque: opaque, opaquePtr: &opaque[0]}
}

package wazevo

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// putHostFunctions gives a host module's instance functions of its own, where it has some. The instance keeps them.
func (m *moduleEngine) putHostFunctions() {
	for i, fn := range m.module.HostFunctions {
		writeIface(fn, m.opaque[32+16*i:])
	}
}

// hostFunctionsAt are the functions of the host module's instance that a reference points to: its module context has them, one interface after the
// other, behind its first 32 bytes.
func hostFunctionsAt(f *functionInstance, source *wasm.Module) []any {
	if len(source.CodeSection) == 0 {
		return nil
	}
	return unsafe.Slice((*any)(unsafe.Add(unsafe.Pointer(f.moduleContextOpaquePtr), 32)), len(source.CodeSection))
}

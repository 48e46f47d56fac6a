//go:build wazero_waiting

package arm64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// AddressKinds is for regalloc.
func (f *regAllocFn) AddressKinds() map[regalloc.VRegID]wazevoapi.AddressKind {
	return backend.AddressKinds(f.ssaB, f.m.compiler)
}

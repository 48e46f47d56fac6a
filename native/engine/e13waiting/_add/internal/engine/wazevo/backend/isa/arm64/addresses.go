//go:build wazero_waiting

package arm64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// AddressKinds is for regalloc.
func (f *regAllocFn) AddressKinds() map[regalloc.VRegID]wazevoapi.AddressKind {
	kinds := map[regalloc.VRegID]wazevoapi.AddressKind{}
	builder, ok := f.ssaB.(interface {
		AddressKinds() map[ssa.Value]wazevoapi.AddressKind
	})
	if ok {
		for value, kind := range builder.AddressKinds() {
			if v := f.m.compiler.VRegOf(value); v.Valid() {
				kinds[v.ID()] = kind
			}
		}
	}
	return kinds
}

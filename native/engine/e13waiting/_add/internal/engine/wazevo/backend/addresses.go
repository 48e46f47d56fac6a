//go:build wazero_waiting

package backend

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// AddressKinds says which registers have values that are addresses.
func AddressKinds(builder ssa.Builder, c Compiler) map[regalloc.VRegID]wazevoapi.AddressKind {
	kinds := map[regalloc.VRegID]wazevoapi.AddressKind{}
	b, ok := builder.(interface {
		AddressKinds() map[ssa.Value]wazevoapi.AddressKind
	})
	if ok {
		for value, kind := range b.AddressKinds() {
			if v := c.VRegOf(value); v.Valid() {
				kinds[v.ID()] = kind
			}
		}
	}
	return kinds
}

package nodehost

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Direct is a function that a caller outside of Go can enter; see there.
type Direct = nodehost.Direct

// DirectEntry is what he needs for it.
type DirectEntry = nodehost.DirectEntry

// StackHeadroom is how many bytes of a lent stack must lie below the limit.
func StackHeadroom() int { return nodehost.StackHeadroom }

// DirectOf returns the function as Direct if it is one that m itself defines, in compiled code.
func DirectOf(m api.Module, f api.Function) (Direct, bool) {
	d, ok := f.(interface {
		Direct
		BelongsTo(*wasm.ModuleInstance) bool
	})
	instance, guest := m.(*wasm.ModuleInstance)
	if !ok || !guest || !d.BelongsTo(instance) {
		return nil, false
	}
	_, ok = d.DirectEntry()
	return d, ok
}

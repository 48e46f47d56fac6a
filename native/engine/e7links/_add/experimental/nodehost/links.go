package nodehost

import (
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// ImportedFrom returns the instances that m was linked with, however they were found; not host modules.
func ImportedFrom(m api.Module) (guests []api.Module) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok {
		return nil
	}
	for _, from := range instance.ImportedFrom {
		if !from.Source.IsHostModule {
			guests = append(guests, from)
		}
	}
	return guests
}

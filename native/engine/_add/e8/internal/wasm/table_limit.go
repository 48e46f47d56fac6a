package wasm

import "fmt"

// limitTables sets the host's limit for the tables that a module defines, before they are built.
func (m *ModuleInstance) limitTables(module *Module, limit uint32) error {
	if limit == 0 {
		return nil
	}
	for i := range module.TableSection {
		if minimum := module.TableSection[i].Min; minimum > limit {
			return fmt.Errorf("table[%d] needs %d elements, more than the limit of %d", i, minimum, limit)
		}
	}
	m.tableLimit = limit
	return nil
}

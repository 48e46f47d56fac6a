package wasm

import (
	"fmt"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// tableLimit is the host's limit for all tables of a module. Instances that share tables run one at a time.
type tableLimit struct {
	most, used uint64 // elements
}

// limitTables sets the host's limit for the tables that a module defines, before they are built.
func (m *ModuleInstance) limitTables(module *Module, most uint32) error {
	if most == 0 {
		return nil
	}
	limit := &tableLimit{most: uint64(most)}
	for i := range module.TableSection {
		minimum := module.TableSection[i].Min
		if limit.used += uint64(minimum); limit.used > limit.most {
			return fmt.Errorf("table[%d] needs %d elements, more than the limit of %d", i, minimum, most)
		}
	}
	if !nodehost.MayAllocate(limit.used * bytesOfElement) {
		return fmt.Errorf("tables need %d elements, more than the limit of the memory that is left", limit.used)
	}
	m.tableLimit = limit
	return nil
}

const bytesOfElement = 8

// take is asked before a table of this length grows.
func (l *tableLimit) take(length int, delta uint32) bool {
	if l == nil {
		return true
	}
	if uint64(delta) > l.most-l.used {
		return false
	}
	// It is made anew, with room to grow, while the old one is there.
	if !nodehost.MayAllocate((3*uint64(length) + 3*uint64(delta)) * bytesOfElement) {
		return false
	}
	l.used += uint64(delta)
	return true
}

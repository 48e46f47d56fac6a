package wasm

import (
	"fmt"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// tableLimit is the host's limit for all tables of a module. Instances that share tables run one at a time.
type tableLimit struct {
	most, used uint64 // elements
	also       nodehost.Tables
}

// limitTables sets the host's limit for the tables that a module defines, before they are built.
func (m *ModuleInstance) limitTables(module *Module, host nodehost.TableLimit) error {
	most := host.Most
	if most == 0 {
		return nil
	}
	limit := &tableLimit{most: uint64(most), also: host.Also}
	for i := range module.TableSection {
		minimum := module.TableSection[i].Min
		if limit.used += uint64(minimum); limit.used > limit.most {
			return fmt.Errorf("table[%d] needs %d elements, more than the limit of %d", i, minimum, most)
		}
	}
	if !nodehost.MayAllocate(limit.used * bytesOfElement) {
		return fmt.Errorf("tables need %d elements, more than the limit of the memory that is left", limit.used)
	}
	if limit.also != nil && !limit.also.Take(limit.used) {
		return fmt.Errorf("table[0] needs %d elements with the others, more than the limit of its tenant", limit.used)
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
	if l.also != nil && !l.also.Take(uint64(delta)) {
		return false
	}
	l.used += uint64(delta)
	return true
}

// backTo is for tables that are again as they were when there were fewer elements.
func (l *tableLimit) backTo(elements uint64) {
	if l.also != nil {
		l.also.Give(l.used - min(elements, l.used))
	}
	l.used = elements
}

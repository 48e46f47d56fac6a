package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
)

// tableIndex is a register with the index of a table. If it is bounded it is less than the table's length, in all of its 64 bits; otherwise
// it is a copy, which may be changed.
func (m *machine) tableIndex(index ssa.Value, targets ssa.Values) (v regalloc.VReg, bounded bool) {
	if backend.BoundedBy(m.c, index, len(targets.View())) {
		if v, bounded = m.cleanReg(index); bounded {
			return v, true
		}
	}
	op := m.getOperand_Reg(m.c.ValueDefinition(index))
	return m.copyToTmp(op.reg()), false
}

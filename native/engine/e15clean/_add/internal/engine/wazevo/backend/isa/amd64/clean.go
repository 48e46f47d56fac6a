package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// CleanOpcode is for clean.go of the compiler: whether the last instruction of such a result of 32 bits writes 32 bits of its register, which makes
// the upper half zero. The copies behind it take the whole register, as do those to parameters; spilling takes and brings back 32 bits. Not
// named: what is seldom part of an address, and BSF and BSR, which leave a register as it is.
func (m *machine) CleanOpcode(op ssa.Opcode) bool {
	switch op {
	case ssa.OpcodeIadd, ssa.OpcodeIsub, ssa.OpcodeImul, ssa.OpcodeBand, ssa.OpcodeBor, ssa.OpcodeBxor,
		ssa.OpcodeIshl, ssa.OpcodeSshr, ssa.OpcodeUshr, ssa.OpcodeRotl, ssa.OpcodeRotr,
		ssa.OpcodeIcmp, ssa.OpcodeFcmp, ssa.OpcodeIreduce, ssa.OpcodeSelect,
		ssa.OpcodeLoad, ssa.OpcodeUload8, ssa.OpcodeUload16, ssa.OpcodeSload8, ssa.OpcodeSload16:
		return true
	}
	return false
}

// cleanReg is the register of x as one of 64 bits, if x is clean. Builds that assert addresses look.
func (m *machine) cleanReg(x ssa.Value) (r regalloc.VReg, ok bool) {
	c, ok := m.c.(interface{ IsClean(ssa.Value) bool })
	if !ok || !c.IsClean(x) {
		return regalloc.VRegInvalid, false
	}
	r = m.c.VRegOf(x)
	if wazevoapi.AssertAddresses {
		upper := m.changed(r, func(upper regalloc.VReg) {
			m.insert(m.allocateInstr().asShiftR(shiftROpShiftRightLogical, newOperandImm32(32), upper, true))
		})
		m.insert(m.allocateInstr().asCmpRmiR(false, newOperandReg(upper), upper, true))
		zero := m.allocateInstr()
		m.insert(zero)
		m.insert(m.allocateInstr().asUD2())
		nop, label := m.allocateBrTarget()
		m.insert(nop)
		zero.asJmpIf(condZ, newOperandLabel(label))
	}
	return r, true
}

// extendedClean is the register of what is extended here for nothing but this operand, if that is clean.
func (m *machine) extendedClean(def backend.SSAValueDefinition) (r regalloc.VReg, ok bool) {
	if !m.c.MatchInstr(def, ssa.OpcodeUExtend) {
		return regalloc.VRegInvalid, false
	}
	if from, to, _ := def.Instr.ExtendData(); from != 32 || to != 64 {
		return regalloc.VRegInvalid, false
	}
	if r, ok = m.cleanReg(def.Instr.Arg()); ok {
		def.Instr.MarkLowered()
	}
	return r, ok
}

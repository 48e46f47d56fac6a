package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// lowerToAddressMode converts a pointer to an amode that can be used as an operand for load/store instructions.
func (m *machine) lowerToAddressMode(ptr ssa.Value, offsetBase uint32) *amode {
	am := m.lowerAddress(ptr, offsetBase)
	if wazevoapi.AssertAddresses {
		m.assertAddress(am, ptr, offsetBase)
	}
	return am
}

// assertAddress has the guest stop (ud2) where am is not the address that ptr and offset mean. Flags are free here, as upstream makes constants here.
func (m *machine) assertAddress(am *amode, ptr ssa.Value, offset uint32) {
	// What the processor makes of am: the immediate is extended with its sign.
	got := m.changed(am.base, func(got regalloc.VReg) {
		m.insert(m.allocateInstr().asAluRmiR(aluRmiROpcodeAdd, newOperandImm32(am.imm32), got, true))
	})
	if am.kind() == amodeRegRegShift {
		index := m.changed(am.index, func(index regalloc.VReg) {
			m.insert(m.allocateInstr().asShiftR(shiftROpShiftLeft, newOperandImm32(uint32(am.shift())), index, true))
		})
		got = m.sum(got, index)
	}
	want := m.sum(m.plainAddress(ptr), m.constant64(uint64(offset)))
	m.insert(m.allocateInstr().asCmpRmiR(true, newOperandReg(want), got, true))
	equal := m.allocateInstr()
	m.insert(equal)
	m.insert(m.allocateInstr().asUD2())
	nop, label := m.allocateBrTarget()
	m.insert(nop)
	equal.asJmpIf(condZ, newOperandLabel(label))
}

// plainAddress computes what has become a part of an address, as the SSA instructions say it.
func (m *machine) plainAddress(v ssa.Value) regalloc.VReg {
	def := m.c.ValueDefinition(v)
	if !def.IsFromInstr() {
		return m.c.VRegOf(def.V)
	}
	instr := def.Instr
	switch op := instr.Opcode(); {
	case instr.Constant() && v.Type().Bits() == 64:
		return m.constant64(instr.ConstantVal())
	case !instr.Lowered(): // it is an operand, which its own instruction computes
		return m.c.VRegOf(v)
	case op == ssa.OpcodeIadd:
		x, y := instr.Arg2()
		return m.sum(m.plainAddress(x), m.plainAddress(y))
	case op == ssa.OpcodeUExtend || op == ssa.OpcodeSExtend:
		return m.plain32(instr.Arg(), op == ssa.OpcodeSExtend)
	case op == ssa.OpcodeIshl:
		x, amount := instr.Arg2()
		var from regalloc.VReg
		if x.Type().Bits() == 32 {
			from = m.plain32(x, false)
		} else {
			from = m.plainAddress(x)
		}
		by := uint32(m.c.ValueDefinition(amount).Instr.ConstantVal())
		return m.changed(from, func(shifted regalloc.VReg) {
			m.insert(m.allocateInstr().asShiftR(shiftROpShiftLeft, newOperandImm32(by), shifted, true))
		})
	}
	return m.c.VRegOf(v)
}

// plain32 is a new register with 32 bits, extended by two shifts.
func (m *machine) plain32(x ssa.Value, signed bool) regalloc.VReg {
	right := shiftROpShiftRightLogical
	if signed {
		right = shiftROpShiftRightArithmetic
	}
	var from regalloc.VReg
	if def := m.c.ValueDefinition(x); def.IsFromInstr() && def.Instr.Constant() {
		from = m.constant64(def.Instr.ConstantVal())
	} else {
		from = m.c.VRegOf(def.V)
	}
	return m.changed(from, func(r regalloc.VReg) {
		m.insert(m.allocateInstr().asShiftR(shiftROpShiftLeft, newOperandImm32(32), r, true))
		m.insert(m.allocateInstr().asShiftR(right, newOperandImm32(32), r, true))
	})
}

func (m *machine) sum(x, y regalloc.VReg) regalloc.VReg {
	return m.changed(x, func(sum regalloc.VReg) {
		m.insert(m.allocateInstr().asAluRmiR(aluRmiROpcodeAdd, newOperandReg(y), sum, true))
	})
}

// changed returns a register with what change makes of the value of another one. What is changed in place may live no longer than that: the
// register allocator takes only its first definition for one, and that is what it would spill.
func (m *machine) changed(from regalloc.VReg, change func(regalloc.VReg)) regalloc.VReg {
	inPlace := m.c.AllocateVReg(ssa.TypeI64)
	m.insert(m.allocateInstr().asMovRR(from, inPlace, true))
	change(inPlace)
	to := m.c.AllocateVReg(ssa.TypeI64)
	m.insert(m.allocateInstr().asMovRR(inPlace, to, true))
	return to
}

func (m *machine) constant64(v uint64) regalloc.VReg {
	r := m.c.AllocateVReg(ssa.TypeI64)
	m.lowerIconst(r, v, true)
	return r
}

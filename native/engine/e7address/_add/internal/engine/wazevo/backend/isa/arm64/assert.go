package arm64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// lowerToAddressMode converts a pointer to an addressMode that can be used as an operand for load/store instructions.
func (m *machine) lowerToAddressMode(ptr ssa.Value, offsetBase uint32, size byte) *addressMode {
	a := m.lowerAddress(ptr, offsetBase, size)
	if wazevoapi.AssertAddresses {
		m.assertAddress(a, ptr, offsetBase)
	}
	return a
}

// assertAddress has the guest stop (udf) where a is not the address that ptr and offset mean.
func (m *machine) assertAddress(a *addressMode, ptr ssa.Value, offset uint32) {
	var got regalloc.VReg
	switch a.kind {
	case addressModeKindRegExtended:
		got = m.addRegToReg64Ext(a.rn, a.rm, a.extOp)
	case addressModeKindRegReg:
		got = m.addReg64ToReg64(a.rn, a.rm)
	case addressModeKindRegSignedImm9, addressModeKindRegUnsignedImm12:
		got = m.addReg64ToReg64(a.rn, m.constant64(a.imm))
	default:
		panic("BUG: an address mode that nothing here makes")
	}
	want := m.addReg64ToReg64(m.plainAddress(ptr), m.constant64(int64(offset)))
	compare := m.allocateInstr()
	compare.asALU(aluOpSubS, xzrVReg, operandNR(got), operandNR(want), true)
	m.insert(compare)
	equal := m.allocateInstr()
	m.insert(equal)
	m.insert(m.allocateInstr().asUDF())
	label := m.insertBrTargetLabel()
	equal.asCondBr(eq.asCond(), label, false /* ignored */)
}

// plainAddress computes what has become a part of an address, as the SSA instructions say it.
func (m *machine) plainAddress(v ssa.Value) regalloc.VReg {
	def := m.compiler.ValueDefinition(v)
	if !def.IsFromInstr() {
		return m.compiler.VRegOf(def.V)
	}
	instr := def.Instr
	switch op := instr.Opcode(); {
	case instr.Constant() && v.Type().Bits() == 64:
		return m.constant64(int64(instr.ConstantVal()))
	case !instr.Lowered(): // it is an operand, which its own instruction computes
	case op == ssa.OpcodeIadd:
		x, y := instr.Arg2()
		return m.addReg64ToReg64(m.plainAddress(x), m.plainAddress(y))
	case op == ssa.OpcodeUExtend || op == ssa.OpcodeSExtend:
		return m.plain32(instr.Arg(), op == ssa.OpcodeSExtend)
	}
	if v.Type().Bits() == 32 {
		return m.plain32(v, false) // an index into a table
	}
	return m.compiler.VRegOf(v)
}

// plain32 is a new register with 32 bits, extended by two shifts.
func (m *machine) plain32(x ssa.Value, signed bool) regalloc.VReg {
	right := aluOpLsr
	if signed {
		right = aluOpAsr
	}
	var r regalloc.VReg
	if def := m.compiler.ValueDefinition(x); def.IsFromInstr() && def.Instr.Constant() {
		r = m.constant64(int64(def.Instr.ConstantVal()))
	} else {
		r = m.compiler.VRegOf(def.V)
	}
	for _, op := range []aluOp{aluOpLsl, right} {
		shifted := m.compiler.AllocateVReg(ssa.TypeI64)
		shift := m.allocateInstr()
		shift.asALUShift(op, shifted, operandNR(r), operandShiftImm(32), true)
		m.insert(shift)
		r = shifted
	}
	return r
}

func (m *machine) constant64(v int64) regalloc.VReg {
	r := m.compiler.AllocateVReg(ssa.TypeI64)
	m.lowerConstantI64(r, v)
	return r
}

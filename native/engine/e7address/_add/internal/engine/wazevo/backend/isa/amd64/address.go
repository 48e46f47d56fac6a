package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// The rule: what is part of an address has 64 bits. The upper half of a register that holds 32 is nobody's promise: who makes an address of it
// extends it here, where the address is made. (But for values that edit e15clean proves to be extended.)

// foldsAddend tells whether the instruction can become part of an address, instead of an operand that it computes.
func (m *machine) foldsAddend(instr *ssa.Instruction) bool {
	if instr.Opcode() != ssa.OpcodeIshl {
		return true
	}
	_, amount := instr.Arg2()
	def := m.c.ValueDefinition(amount)
	return def.IsFromInstr() && def.Instr.Constant() && def.Instr.ConstantVal() <= 3
}

// lowerShiftedAddend lowers a shift that foldsAddend has found good. An index into a table has 32 bits.
func (m *machine) lowerShiftedAddend(shl *ssa.Instruction) addend {
	x, amount := shl.Arg2()
	shift := uint8(m.c.ValueDefinition(amount).Instr.ConstantVal())
	if x.Type().Bits() == 32 {
		return addend{m.extendAddend(x, false), 0, shift}
	}
	r := m.getOperand_Reg(m.c.ValueDefinition(x))
	return addend{r.reg(), 0, shift}
}

// extendAddend returns a new register with the 32 bits of x, extended to 64.
func (m *machine) extendAddend(x ssa.Value, signed bool) regalloc.VReg {
	def := m.c.ValueDefinition(x)
	var from operand
	if wazevoapi.AssertAddresses { // it needs the register
		from = m.getOperand_Reg(def)
	} else {
		from = m.getOperand_Mem_Reg(def)
	}
	to := m.c.AllocateVReg(ssa.TypeI64)
	if signed {
		m.insert(m.allocateInstr().asMovsxRmR(extModeLQ, from, to))
	} else {
		m.insert(m.allocateInstr().asMovzxRmR(extModeLQ, from, to))
	}
	return to
}

// signedLoadMode is how a signed load into dst extends.
func (m *machine) signedLoadMode(to32, to64 extMode, dst regalloc.VReg) extMode {
	if m.c.TypeOf(dst) == ssa.TypeI32 {
		return to32
	}
	return to64
}

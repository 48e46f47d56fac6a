package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
)

// joinCopy makes one LEA of a copy and of the addition to it that follows, or of the subtraction of a constant. It is called when registers are
// allocated, for only then it is known that the copy is one. (No comparison takes the flags of either.)
func (m *machine) joinCopy(mov *instruction) {
	add := mov.next
	if mov.kind != movRR || !mov.b1 || add == nil || add.op2.kind != operandKindReg {
		return
	}
	src, dst := mov.op1.reg(), mov.op2.reg()
	if add.op2.reg().RealReg() != dst.RealReg() || src.RealReg() == dst.RealReg() {
		return
	}
	var sum *amode
	switch {
	case add.kind == aluRmiR && aluRmiROpcode(add.u1) == aluRmiROpcodeAdd && add.op1.kind == operandKindImm32:
		sum = m.newAmodeImmReg(add.op1.imm32(), src)
	case add.kind == aluRmiR && aluRmiROpcode(add.u1) == aluRmiROpcodeSub && add.op1.kind == operandKindImm32 && add.op1.imm32() != 1<<31:
		sum = m.newAmodeImmReg(-add.op1.imm32(), src)
	case add.kind == aluRmiR && aluRmiROpcode(add.u1) == aluRmiROpcodeAdd && add.op1.kind == operandKindReg:
		index := add.op1.reg()
		if index.RealReg() == dst.RealReg() {
			index = src
		}
		if index.RealReg() == rsp {
			return
		}
		sum = m.newAmodeRegRegShift(0, src, index, 0)
	case add.kind == shiftR && shiftROp(add.u1) == shiftROpShiftLeft && add.op1.kind == operandKindImm32 && add.op1.imm32() == 1 && src.RealReg() != rsp:
		sum = m.newAmodeRegRegShift(0, src, src, 0)
	default:
		return
	}
	_64 := add.b1
	linkInstr(mov, add.next)
	mov.asLEA(newOperandMem(sum), dst)
	mov.b1, mov.u1 = false, 0
	if !_64 {
		mov.u1 = lea32
	}
}

// lea32 marks a LEA whose result has 32 bits: the upper half of the register is zero then, as behind an addition of 32 bits.
const lea32 = 1

func (i *instruction) leaRex() rexInfo {
	if i.u1 == lea32 {
		return rexInfo(0).clearW()
	}
	return rexInfo(0).setW()
}

// lowerBandToFlag sets the flags that tell whether v is zero, if v is nothing but x & y for this.
func (m *machine) lowerBandToFlag(v backend.SSAValueDefinition) bool {
	if !m.c.MatchInstr(v, ssa.OpcodeBand) {
		return false
	}
	v.Instr.MarkLowered()
	x, y := v.Instr.Arg2()
	xx := m.getOperand_Reg(m.c.ValueDefinition(x))
	yy := m.getOperand_Mem_Imm32_Reg(m.c.ValueDefinition(y))
	m.insert(m.allocateInstr().asCmpRmiR(false, yy, xx.reg(), x.Type() == ssa.TypeI64))
	return true
}

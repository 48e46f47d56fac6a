package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/platform"
)

// The allocator of registers sees a block as straight code. An arm that is jumped over may therefore use nothing that it could have to reload there, and
// define nothing that lives on but what both arms define.

// lowerFcvtFromUint64 converts half of what has its highest bit set, and doubles that: the lowest bit is kept, for it decides how the half is rounded.
func (m *machine) lowerFcvtFromUint64(rn, rd operand, dst64 bool) {
	typ, op, add := ssa.TypeF32, sseOpcodeCvtsi2ss, sseOpcodeAddss
	if dst64 {
		typ, op, add = ssa.TypeF64, sseOpcodeCvtsi2sd, sseOpcodeAddsd
	}
	result := m.c.AllocateVReg(typ)
	value, lowest := newOperandReg(m.copyToTmp(rn.reg())), newOperandReg(m.copyToTmp(rn.reg()))
	halve, halveLabel := m.allocateBrTarget()
	end, endLabel := m.allocateBrTarget()

	m.insert(m.allocateInstr().asCmpRmiR(false, value, value.reg(), true))
	m.insert(m.allocateInstr().asJmpIf(condS, newOperandLabel(halveLabel)))
	m.insert(m.allocateInstr().asGprToXmm(op, value, result, true))
	m.insert(m.allocateInstr().asJmp(newOperandLabel(endLabel)))

	m.insert(halve)
	m.insert(m.allocateInstr().asShiftR(shiftROpShiftRightLogical, newOperandImm32(1), value.reg(), true))
	m.insert(m.allocateInstr().asAluRmiR(aluRmiROpcodeAnd, newOperandImm32(1), lowest.reg(), true))
	m.insert(m.allocateInstr().asAluRmiR(aluRmiROpcodeOr, lowest, value.reg(), true))
	m.insert(m.allocateInstr().asGprToXmm(op, value, result, true))
	m.insert(m.allocateInstr().asXmmRmR(add, newOperandReg(result), result))
	m.insert(end)
	m.copyTo(result, rd.reg())
}

// lowerZeros is clz, where scan is bsr, or ctz. A scan sets ZF, and nothing else that can be relied on, where its operand is zero.
func (m *machine) lowerZeros(instr *ssa.Instruction, feature platform.CpuFeatureFlags, count, scan unaryRmROpcode) {
	if m.cpuFeatures.Has(feature) {
		m.lowerUnaryRmR(instr, count)
		return
	}
	x := instr.Arg()
	bits := uint64(x.Type().Bits())
	_64 := bits == 64
	rm := m.getOperand_Reg(m.c.ValueDefinition(x))
	zero, tmp := m.c.AllocateVReg(x.Type()), m.c.AllocateVReg(x.Type())
	ofZero := bits
	if scan == unaryRmROpcodeBsr {
		ofZero = 2*bits - 1 // less the highest bit's index
	}
	m.lowerIconst(zero, ofZero, _64)
	m.insert(m.allocateInstr().asUnaryRmR(scan, rm, tmp, _64))
	m.insert(m.allocateInstr().asCmove(condZ, newOperandReg(zero), tmp, _64))
	if scan == unaryRmROpcodeBsr {
		m.insert(m.allocateInstr().asAluRmiR(aluRmiROpcodeXor, newOperandImm32(uint32(bits-1)), tmp, _64))
	}
	m.copyTo(tmp, m.c.VRegOf(instr.Return()))
}

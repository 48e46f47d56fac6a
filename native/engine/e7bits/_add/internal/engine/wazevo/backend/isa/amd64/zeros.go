package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/platform"
)

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

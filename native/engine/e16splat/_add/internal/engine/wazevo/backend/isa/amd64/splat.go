package amd64

import (
	"fmt"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
)

// splat has the first lane of a register in all lanes of another one. For 16 bits it needs the value once more.
func (m *machine) splat(lane ssa.VecLane, first regalloc.VReg, value operand, ret ssa.Value) {
	dst := m.c.AllocateVReg(ssa.TypeV128)
	switch lane {
	case ssa.VecLaneI8x16:
		m.copyTo(first, dst)
		zero := m.c.AllocateVReg(ssa.TypeV128)
		m.insert(m.allocateInstr().asZeros(zero))
		m.insert(m.allocateInstr().asXmmRmR(sseOpcodePshufb, newOperandReg(zero), dst))
		m.copyTo(dst, m.c.VRegOf(ret))
		return
	case ssa.VecLaneI16x8:
		m.insert(m.allocateInstr().asXmmRmRImm(sseOpcodePinsrw, 1, value, first))
	case ssa.VecLaneI32x4, ssa.VecLaneF32x4, ssa.VecLaneI64x2, ssa.VecLaneF64x2:
	default:
		panic(fmt.Sprintf("invalid lane type: %s", lane))
	}
	order := byte(0)
	if lane == ssa.VecLaneI64x2 || lane == ssa.VecLaneF64x2 {
		order = 0b01_00_01_00
	}
	m.insert(m.allocateInstr().asDefineUninitializedReg(dst)) // for the allocator of registers: the instruction does not read it
	m.insert(m.allocateInstr().asXmmRmRImm(sseOpcodePshufd, order, newOperandReg(first), dst))
	m.copyTo(dst, m.c.VRegOf(ret))
}

func (m *machine) lowerSplat(x, ret ssa.Value, lane ssa.VecLane) {
	xx := m.getOperand_Reg(m.c.ValueDefinition(x))
	first := xx.reg()
	if first.RegType() == regalloc.RegTypeInt {
		first = m.splatFirst(xx, lane)
	}
	m.splat(lane, first, xx, ret)
}

// splatFirst is a register with the value in its first lane, and nothing that it had before.
func (m *machine) splatFirst(x operand, lane ssa.VecLane) regalloc.VReg {
	first := m.c.AllocateVReg(ssa.TypeV128)
	mov, _64 := sseOpcodeMovd, lane == ssa.VecLaneI64x2
	if _64 {
		mov = sseOpcodeMovq
	}
	m.insert(m.allocateInstr().asGprToXmm(mov, x, first, _64))
	return first
}

func (m *machine) lowerLoadSplat(ptr ssa.Value, offset uint32, ret ssa.Value, lane ssa.VecLane) {
	from := newOperandMem(m.lowerToAddressMode(ptr, offset))
	x := newOperandReg(m.c.AllocateVReg(ssa.TypeI64))
	switch lane {
	case ssa.VecLaneI8x16:
		m.insert(m.allocateInstr().asMovzxRmR(extModeBQ, from, x.reg()))
	case ssa.VecLaneI16x8:
		m.insert(m.allocateInstr().asMovzxRmR(extModeWQ, from, x.reg()))
	default:
		first, mov := m.c.AllocateVReg(ssa.TypeV128), sseOpcodeMovss
		if lane == ssa.VecLaneI64x2 {
			mov = sseOpcodeMovsd
		}
		m.insert(m.allocateInstr().asXmmUnaryRmR(mov, from, first))
		m.splat(lane, first, x, ret)
		return
	}
	m.splat(lane, m.splatFirst(x, lane), x, ret)
}

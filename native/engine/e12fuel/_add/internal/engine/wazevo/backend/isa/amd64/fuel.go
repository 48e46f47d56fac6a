package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// lowerFuelCharge takes the cost where it is counted, in memory, and leaves for Go if that was too much.
func (m *machine) lowerFuelCharge(instr *ssa.Instruction) {
	ctx, cost := instr.FuelChargeData()
	if cost == 0 {
		return
	}
	execCtx := m.c.VRegOf(ctx)
	charge := m.allocateInstr()
	charge.kind = fuelCharge
	charge.op1 = newOperandReg(execCtx)
	charge.u1 = uint64(cost)
	m.insert(charge)
	m.insert(m.allocateInstr().asColdExit(execCtx, condS, wazevoapi.ExitCodeOutOfFuel))
}

// encodeFuelCharge emits, for the register r that holds the execution context:
//
//	sub  qword [r + fuel], cost
func encodeFuelCharge(c backend.Compiler, r regalloc.RealReg, cost uint64) {
	enc := byte(regEncodings[r])
	c.EmitByte(0x48 | enc>>3) // REX.W, and REX.B for r8 to r15
	short := cost < 128
	if short {
		c.EmitByte(0x83)
	} else {
		c.EmitByte(0x81)
	}
	c.EmitByte(0x80 | 5<<3 | enc&7) // [r + disp32]
	if enc&7 == 4 {                 // r12: this encoding asks for a SIB byte.
		c.EmitByte(0x24)
	}
	c.Emit4Bytes(wazevoapi.ExecutionContextOffsetFuel.U32())
	if short {
		c.EmitByte(byte(cost))
	} else {
		c.Emit4Bytes(uint32(cost))
	}
}

package arm64

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
	execCtx := m.compiler.VRegOf(ctx)
	charge := m.allocateInstr()
	charge.kind = fuelCharge
	charge.rn = operandNR(execCtx)
	charge.u1 = uint64(cost)
	m.insert(charge)
	m.insert(m.allocateInstr().asColdExit(execCtx, pl.asCond(), false, wazevoapi.ExitCodeOutOfFuel))
}

// mostAtOnce is the largest number of 12 bits, shifted by 12, that one instruction subtracts.
const mostAtOnce = 0xfff

// fuelChargeSize is what encodeFuelCharge emits: two accesses, one subtraction of the low bits, and those of the rest.
func fuelChargeSize(cost uint64) int64 {
	return int64(3+(cost>>12+mostAtOnce-1)/mostAtOnce) * 4
}

// encodeFuelCharge emits, for the register r that holds the execution context:
//
//	ldr  x27, [r, #fuel]
//	sub  x27, x27, #high, lsl #12 ;; as often as it takes
//	subs x27, x27, #low
//	str  x27, [r, #fuel]
func encodeFuelCharge(c backend.Compiler, r regalloc.RealReg, cost uint64) {
	const x27 = 27
	access := func(op uint32) {
		c.Emit4Bytes(op | wazevoapi.ExecutionContextOffsetFuel.U32()/8<<10 | regNumberInEncoding[r]<<5 | x27)
	}
	access(0xf9400000)
	for high := uint32(cost >> 12); high > 0; {
		n := min(high, mostAtOnce)
		c.Emit4Bytes(0xd1400000 | n<<10 | x27<<5 | x27)
		high -= n
	}
	c.Emit4Bytes(0xf1000000 | uint32(cost&mostAtOnce)<<10 | x27<<5 | x27)
	access(0xf9000000)
}

package backend

import (
	"math"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
)

// BoundedBy tells whether v, of 32 bits, is less than n whatever the guest does: by the instruction that makes it alone, so that this is as true
// of a processor that speculates.
func BoundedBy(c Compiler, v ssa.Value, n int) bool {
	def := c.ValueDefinition(v)
	if !def.IsFromInstr() {
		return false
	}
	limit := uint32(math.MaxUint32)
	switch def.Instr.Opcode() {
	case ssa.OpcodeUload8:
		limit = math.MaxUint8
	case ssa.OpcodeUload16:
		limit = math.MaxUint16
	case ssa.OpcodeBand:
		x, y := def.Instr.Arg2()
		limit = min(constantOr(c, x, limit), constantOr(c, y, limit))
	case ssa.OpcodeUshr:
		_, amount := def.Instr.Arg2()
		limit >>= constantOr(c, amount, 0) & 31
	}
	return int64(limit) < int64(n)
}

func constantOr(c Compiler, v ssa.Value, otherwise uint32) uint32 {
	if def := c.ValueDefinition(v); def.IsFromInstr() && def.Instr.Constant() {
		return uint32(def.Instr.ConstantVal())
	}
	return otherwise
}

package arm64

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Where a store that begins inside and ends outside is torn, which the emulator of these processors does not show, only the code tells.
func TestStoresReadFirst(t *testing.T) {
	for _, tc := range []struct {
		typ       ssa.Type
		op        ssa.Opcode
		announced bool
		expected  string
	}{
		{ssa.TypeI32, ssa.OpcodeStore, true, "ldr wzr, [x1?, #0x10]\nstr w2?, [x1?, #0x10]"},
		{ssa.TypeI64, ssa.OpcodeStore, true, "ldr xzr, [x1?, #0x10]\nstr x2?, [x1?, #0x10]"},
		{ssa.TypeI64, ssa.OpcodeIstore16, true, "ldrh wzr, [x1?, #0x10]\nstrh w2?, [x1?, #0x10]"},
		{ssa.TypeF64, ssa.OpcodeStore, true, "ldr xzr, [x1?, #0x10]\nstr d2?, [x1?, #0x10]"},
		{ssa.TypeV128, ssa.OpcodeStore, true, "ldr q3?, [x1?, #0x10]\nstr q2?, [x1?, #0x10]"},
		// One byte is never torn, and what is known to be inside does not fault.
		{ssa.TypeI32, ssa.OpcodeIstore8, true, "strb w2?, [x1?, #0x10]"},
		{ssa.TypeI64, ssa.OpcodeStore, false, "str x2?, [x1?, #0x10]"},
	} {
		ctx, b, m := newSetupWithMockContext()
		address, value := b.CurrentBlock().AddParam(b, ssa.TypeI64), b.CurrentBlock().AddParam(b, tc.typ)
		ctx.vRegMap[address], ctx.vRegMap[value] = ctx.AllocateVReg(ssa.TypeI64), ctx.AllocateVReg(tc.typ)
		ctx.definitions[address], ctx.definitions[value] = backend.SSAValueDefinition{V: address}, backend.SSAValueDefinition{V: value}
		if tc.announced {
			b.GuestAccess(address)
		}
		store := b.AllocateInstruction().AsStore(tc.op, value, address, 16)
		b.InsertInstruction(store)
		m.lowerStore(store)
		require.Equal(t, tc.expected, formatEmittedInstructionsInCurrentBlock(m))
	}
}

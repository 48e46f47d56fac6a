package frontend

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// exitUnlessType leaves with a trap unless the function is of this type.
func (c *Compiler) exitUnlessType(functionInstance ssa.Value, typeIndex uint32) {
	builder := c.ssaBuilder
	actual := builder.AllocateInstruction().
		AsLoad(functionInstance, wazevoapi.FunctionInstanceTypeIDOffset, ssa.TypeI32).
		Insert(builder).Return()
	typeIDs := builder.AllocateInstruction().
		AsLoad(c.moduleCtxPtrValue, c.offset.TypeIDs1stElement.U32(), ssa.TypeI64).
		Insert(builder).Return()
	expected := builder.AllocateInstruction().
		AsLoad(typeIDs, typeIndex*4, ssa.TypeI32).
		Insert(builder).Return()
	differ := builder.AllocateInstruction()
	differ.AsIcmp(actual, expected, ssa.IntegerCmpCondNotEqual)
	builder.InsertInstruction(differ)
	exit := builder.AllocateInstruction()
	exit.AsExitIfTrueWithCode(c.execCtxPtrValue, differ.Return(), wazevoapi.ExitCodeIndirectCallTypeMismatch)
	builder.InsertInstruction(exit)
}

package frontend

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/fuel"
)

// metered is the part of a Compiler that has code count what it executes, in modules that want it (wasm.Module.Fuel).
type metered struct {
	meter   fuel.Meter
	charges []*ssa.Instruction // of each region
}

func (c *Compiler) beginFuel() {
	if c.m.Fuel {
		c.meter.Begin()
		c.charges = append(c.charges[:0], c.insertFuelCharge())
	}
}

// lowerCounted is lowerCurrentOpcode in a module that counts. The charge of a region is put where it begins, behind
// what was lowered; its cost is known at the end of the function.
func (c *Compiler) lowerCounted() {
	if !c.m.Fuel {
		c.lowerCurrentOpcode()
		return
	}
	pc := uint64(c.loweringState.pc)
	begins := c.meter.Step(c.wasmFunctionBody, pc)
	if shift, ok := fuel.Bulk(c.wasmFunctionBody, pc); ok && !c.loweringState.unreachable {
		c.chargeLength(shift)
	}
	c.lowerCurrentOpcode()
	if begins != fuel.None {
		c.charges = append(c.charges, c.insertFuelCharge())
	}
}

func (c *Compiler) endFuel() {
	if c.m.Fuel {
		for region, cost := range c.meter.Costs() {
			c.charges[region].SetFuelCost(cost)
		}
	}
}

func (c *Compiler) insertFuelCharge() *ssa.Instruction {
	return c.ssaBuilder.AllocateInstruction().AsFuelCharge(c.execCtxPtrValue).Insert(c.ssaBuilder)
}

// chargeLength charges the number on top of the stack, shifted.
func (c *Compiler) chargeLength(shift byte) {
	b := c.ssaBuilder
	offset := wazevoapi.ExecutionContextOffsetFuel.U32()
	n := b.AllocateInstruction().AsUExtend(c.loweringState.peek(), 32, 64).Insert(b).Return()
	if shift != 0 {
		by := b.AllocateInstruction().AsIconst64(uint64(shift)).Insert(b).Return()
		n = b.AllocateInstruction().AsUshr(n, by).Insert(b).Return()
	}
	before := b.AllocateInstruction().AsLoad(c.execCtxPtrValue, offset, ssa.TypeI64).Insert(b).Return()
	left := b.AllocateInstruction().AsIsub(before, n).Insert(b).Return()
	b.AllocateInstruction().AsStore(ssa.OpcodeStore, left, c.execCtxPtrValue, offset).Insert(b)
	zero := b.AllocateInstruction().AsIconst64(0).Insert(b).Return()
	out := b.AllocateInstruction().AsIcmp(left, zero, ssa.IntegerCmpCondSignedLessThan).Insert(b).Return()
	b.AllocateInstruction().AsExitIfTrueWithCode(c.execCtxPtrValue, out, wazevoapi.ExitCodeOutOfFuel).Insert(b)
}

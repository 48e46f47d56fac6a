package ssa

// AsFuelCharge initializes this instruction as OpcodeFuelCharge. What it costs is told at the end of the function.
func (i *Instruction) AsFuelCharge(ctx Value) *Instruction {
	i.opcode = OpcodeFuelCharge
	i.v = ctx
	return i
}

// SetFuelCost is for an OpcodeFuelCharge.
func (i *Instruction) SetFuelCost(cost int64) { i.u1 = uint64(cost) }

// FuelChargeData is the execution context and the cost of an OpcodeFuelCharge.
func (i *Instruction) FuelChargeData() (ctx Value, cost int64) { return i.v, int64(i.u1) }

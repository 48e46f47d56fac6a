package ssa

// AsInterruptPoll initializes this instruction as OpcodeInterruptPoll.
func (i *Instruction) AsInterruptPoll(ctx Value) *Instruction {
	i.opcode = OpcodeInterruptPoll
	i.v = ctx
	return i
}

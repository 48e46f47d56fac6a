package amd64

// leaveFrame ends a frame before a return. What is popped first are the words of the contexts, if it has them: each pop is a byte, and an addition between pops would have the
// processor, which counts those apart, add the two. A tail call may have moved the stack pointer.
func (m *machine) leaveFrame(cur, end *instruction) *instruction {
	if end.kind != ret {
		return m.revertRBPRSP(cur)
	}
	for range 1 + m.contextSlots.size()/8 {
		cur = linkInstr(cur, m.allocateInstr().asPop64(rbpVReg))
	}
	return cur
}

package amd64

// The following are jumps.TailMachine.

// JumpTable: the table is behind the instruction, and its label.
func (m *machine) JumpTable(pos *labelPosition, i *instruction) int {
	if i.kind == jmp && i.op1.kind == operandKindReg {
		for ; i != pos.end.next; i = i.next {
			if i.kind == jmpTableIsland {
				return int(i.u2)
			}
		}
	}
	return 0
}

// CanCopy: labels are told by who is behind them, and calls are many bytes.
func (m *machine) CanCopy(i *instruction) bool {
	switch i.kind {
	case nop0, call, callIndirect, exitSequence, growthCheck:
		return false
	}
	return true
}

func (m *machine) AppendCopy(pos *labelPosition, i *instruction, otherwise *labelPosition) {
	c := m.allocateInstr()
	*c = *i
	if otherwise != nil {
		c.u1 = uint64(cond(c.u1).invert())
		c.op1 = newOperandLabel(ssaBlockLabel(otherwise.sb))
	}
	behind := pos.end.next
	pos.end = linkInstr(pos.end, c)
	c.next = behind
}

package arm64

import "github.com/tetratelabs/wazero/internal/engine/wazevo/backend/jumps"

// The following are jumps.Machine.

func (m *machine) JumpBlocks() []*labelPosition { return m.orderedSSABlockLabelPos }
func (m *machine) JumpBounds(pos *labelPosition) (first, last *instruction) {
	return pos.begin, pos.end
}
func (m *machine) JumpNext(i *instruction) *instruction          { return i.next }
func (m *machine) JumpPrev(i *instruction) *instruction          { return i.prev }
func (m *machine) JumpForward(pos *labelPosition) *labelPosition { return pos.forward }
func (m *machine) SetJumpForward(from, to *labelPosition)        { from.forward = to }
func (m *machine) SetJumpNext(from, to *labelPosition)           { from.behind = to }
func (m *machine) JumpLoops(pos *labelPosition) bool             { return pos.sb != nil && pos.sb.LoopHeader() }
func (m *machine) Tick()                                         { m.regAllocFn.Tick() }

func (m *machine) JumpRole(i *instruction) jumps.Role {
	switch i.kind {
	case nop0:
		if i.nop0Label() == 0 {
			return jumps.None
		}
	case br:
		return jumps.Jump
	case condBr:
		return jumps.Branch
	case ret, brTableSequence, tailCall, tailCallInd, udf:
		return jumps.End
	}
	return jumps.Other
}

func (m *machine) JumpTarget(i *instruction) *labelPosition {
	l := i.condBrLabel()
	if i.kind == br {
		l = i.brLabel()
	}
	return m.labelPositionPool.Get(int(l))
}

func (m *machine) RemoveJump(i *instruction) { i.kind, i.u1, i.u2 = nop0, 0, 0 }

func (m *machine) InvertBranch(branch, jump *instruction) {
	c := branch.condBrCond()
	switch c.kind() {
	case condKindRegisterZero:
		c = registerAsRegNotZeroCond(c.register())
	case condKindRegisterNotZero:
		c = registerAsRegZeroCond(c.register())
	default:
		c = c.flag().invert().asCond()
	}
	to := branch.condBrLabel()
	branch.asCondBr(c, jump.brLabel(), branch.condBr64bit())
	jump.asBr(to)
}

// settleForwards has what jumps to a block that only goes on elsewhere jump there.
func (m *machine) settleForwards() {
	for _, pos := range m.forwards {
		pos.binaryOffset = pos.forward.binaryOffset
	}
}

// labelBehind is where block i goes on that does not jump. What is removed of the blocks behind it would be skipped by a jump there.
func (m *machine) labelBehind(i int) label {
	pos := m.orderedSSABlockLabelPos[i].behind
	if pos == nil {
		pos = m.orderedSSABlockLabelPos[i+1]
	}
	return ssaBlockLabel(pos.sb)
}

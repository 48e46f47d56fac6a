package amd64

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
func (m *machine) SetJumpNext(_, _ *labelPosition)               {}
func (m *machine) JumpLoops(pos *labelPosition) bool             { return pos.sb != nil && pos.sb.LoopHeader() }
func (m *machine) Tick()                                         { m.regAllocFn.Tick() }

func (m *machine) JumpRole(i *instruction) jumps.Role {
	switch i.kind {
	case nop0:
		if i.nop0Label() == 0 {
			return jumps.None
		}
	case jmp:
		if i.op1.kind == operandKindLabel {
			return jumps.Jump
		}
		return jumps.End
	case jmpIf:
		return jumps.Branch
	case ret, jmpTableIsland, tailCall, tailCallIndirect, ud2:
		return jumps.End
	}
	return jumps.Other
}

func (m *machine) JumpTarget(i *instruction) *labelPosition {
	return m.labelPositionPool.Get(int(i.jmpLabel()))
}

func (m *machine) RemoveJump(i *instruction) { i.kind, i.u1, i.op1 = nop0, 0, operand{} }

func (m *machine) InvertBranch(branch, jump *instruction) {
	branch.u1 = uint64(cond(branch.u1).invert())
	branch.op1, jump.op1 = jump.op1, branch.op1
}

// settleForwards has what jumps to a block that only goes on elsewhere jump there.
func (m *machine) settleForwards() {
	for _, pos := range m.forwards {
		pos.binaryOffset = pos.forward.binaryOffset
	}
}

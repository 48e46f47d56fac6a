// Package jumps removes jumps that are not needed, of whatever machine.
package jumps

// Role is what an instruction is to Thread.
type Role byte

const (
	Other  Role = iota
	None        // it emits nothing, and nobody jumps to it
	Jump        // a jump to a label
	Branch      // a jump to a label, on a condition
	End         // what follows is reached by jumps only
)

// Machine is a machine as Thread sees it. P are its blocks, I its instructions.
type Machine[P, I comparable] interface {
	JumpBlocks() []P
	JumpBounds(P) (first, last I)
	JumpNext(I) I
	JumpPrev(I) I
	JumpRole(I) Role
	JumpTarget(I) P
	// JumpForward is where a block goes on if it does nothing else; P's zero value otherwise.
	JumpForward(P) P
	SetJumpForward(from, to P)
	// SetJumpNext is told, in the end, which block another one falls into that does not jump.
	SetJumpNext(from, to P)
	// RemoveJump makes an instruction one of None.
	RemoveJump(I)
	// JumpLoops is whether a loop begins with the block.
	JumpLoops(P) bool
	// InvertBranch has the branch taken where it was not, to where the jump goes, and the jump go to where the branch went.
	InvertBranch(branch, jump I)
	Tick()
}

// Thread finds the blocks that only go on elsewhere, and appends them to forwards: what jumps to them jumps to where they go on, which
// the machine sees to when it knows the offsets. Then it removes jumps that are not needed: of such blocks that nobody falls into, and to
// what follows; and inverts a branch in front of a jump: where it goes over it, and where the jump goes on with a loop. It takes a step for each block.
func Thread[P, I comparable](m Machine[P, I], forwards []P) []P {
	var none P
	blocks := m.JumpBlocks()
	for i, b := range blocks {
		if i == 0 {
			continue // it has a prologue
		}
		m.Tick()
		switch in, ok := firstJump(m, b); {
		case ok && m.JumpRole(in) == Jump:
			m.SetJumpForward(b, m.JumpTarget(in))
		case !ok && i+1 < len(blocks):
			m.SetJumpForward(b, blocks[i+1])
		default:
			continue
		}
		forwards = append(forwards, b)
	}
	if len(forwards) > 0 {
		forwards = endsOf(m, forwards)
	}

	// What nobody falls into, and nobody jumps to any more.
	falls := true
	for _, b := range blocks {
		m.Tick()
		last, ok := lastJump(m, b)
		forward := m.JumpForward(b) != none
		switch {
		case ok && forward && !falls:
			m.RemoveJump(last)
		case ok:
			role := m.JumpRole(last)
			falls = role != Jump && role != End
		case !forward: // it is empty, but may be jumped to
			falls = true
		}
	}

	// From behind: where a block goes on that does not jump is known by then.
	var next P // the next block that is not empty
	var jump I // its only instruction, if that is a jump
	var over P // what follows the jump
	for i := len(blocks) - 1; i >= 0; i-- {
		m.Tick()
		b := blocks[i]
		var noJump I
		last, ok := lastJump(m, b)
		if ok && m.JumpRole(last) == Jump && next != none && finalTarget(m, last) == next {
			m.RemoveJump(last)
			last, ok = lastJump(m, b)
		}
		if !ok {
			if m.JumpForward(b) == none {
				next, jump = b, noJump
			}
			continue
		}
		switch m.JumpRole(last) {
		case Branch:
			switch to := finalTarget(m, last); {
			case next != none && to == next:
				m.RemoveJump(last) // it goes there in any case
			case jump != noJump && over != none && to == over:
				m.InvertBranch(last, jump)
				m.RemoveJump(jump)
				next = over
			case jump != noJump && closesLoop(m, last, jump):
				m.InvertBranch(last, jump)
			}
		case Jump:
			branch, ok := before(m, b, last)
			switch {
			case !ok || m.JumpRole(branch) != Branch:
			case next != none && finalTarget(m, branch) == next:
				m.InvertBranch(branch, last)
				m.RemoveJump(last)
			case closesLoop(m, branch, last):
				m.InvertBranch(branch, last)
			}
		}
		m.SetJumpNext(b, next)
		if last, ok := lastJump(m, b); ok && m.JumpForward(b) != none && m.JumpRole(last) == Jump {
			jump, over = last, next
		} else {
			jump = noJump
		}
		next = b
	}
	return forwards
}

// endsOf follows blocks that go on in each other. In the end no block goes on in one that does nothing but to go on; those that would not end
// are taken for what does something.
func endsOf[P, I comparable](m Machine[P, I], forwards []P) []P {
	const steps = 32 // more than there are, but for those who write jumps to jumps to make us walk
	var none P
	for i := len(forwards) - 1; i >= 0; i-- {
		to := m.JumpForward(forwards[i])
		for n := 0; n < steps && m.JumpForward(to) != none; n++ {
			to = m.JumpForward(to)
		}
		if m.JumpForward(to) != none {
			to = none
		}
		m.SetJumpForward(forwards[i], to)
	}
	kept := forwards[:0]
	for _, b := range forwards {
		if m.JumpForward(b) != none {
			kept = append(kept, b)
		}
	}
	return kept
}

func finalTarget[P, I comparable](m Machine[P, I], jump I) P {
	var none P
	to := m.JumpTarget(jump)
	if forward := m.JumpForward(to); forward != none {
		return forward
	}
	return to
}

// closesLoop is whether a branch and the jump behind it are better the other way round: a loop goes on by one of them then.
func closesLoop[P, I comparable](m Machine[P, I], branch, jump I) bool {
	return m.JumpLoops(finalTarget(m, jump)) && !m.JumpLoops(finalTarget(m, branch))
}

// firstJump is the first instruction of a block that counts; ok is false where it has none.
func firstJump[P, I comparable](m Machine[P, I], b P) (in I, ok bool) {
	in, last := m.JumpBounds(b)
	for m.JumpRole(in) == None {
		if in == last {
			return in, false
		}
		in = m.JumpNext(in)
	}
	return in, true
}

// lastJump is the last instruction of a block that counts.
func lastJump[P, I comparable](m Machine[P, I], b P) (in I, ok bool) {
	_, in = m.JumpBounds(b)
	if m.JumpRole(in) != None {
		return in, true
	}
	return before(m, b, in)
}

// before is the last instruction before another one that counts.
func before[P, I comparable](m Machine[P, I], b P, in I) (_ I, ok bool) {
	first, _ := m.JumpBounds(b)
	for in != first {
		in = m.JumpPrev(in)
		if m.JumpRole(in) != None {
			return in, true
		}
	}
	return in, false
}

package jumps

// TailMachine is a machine as CopyTails sees it.
type TailMachine[P, I comparable] interface {
	Machine[P, I]
	// JumpTable is how many entries the table has through which an instruction jumps, which is one of End; 0 where it does not.
	JumpTable(P, I) int
	// CanCopy is whether an instruction that is one of Other may stand at several places.
	CanCopy(I) bool
	// AppendCopy appends a copy to a block; not of a branch, whose copy goes where it is told to, if that is not P's zero value, on the opposite condition.
	AppendCopy(b P, i I, otherwise P)
}

const (
	tableEntries     = 4    // of a table that is worth a copy of the jump
	tailInstructions = 24   // of a tail
	tailsInFunction  = 4096 // instructions of all copies
)

// A tail is what is executed from the beginning of a block up to a jump through a table.
type tail[P, I comparable] []tailInstruction[P, I]

type tailInstruction[P, I comparable] struct {
	of I
	// otherwise is where the copy of a branch goes, if the tail is where the branch goes itself.
	otherwise P
}

type tails[P, I comparable] struct {
	m  TailMachine[P, I]
	of map[P]tail[P, I]
}

// CopyTails puts a copy of a short tail in the place of each jump to it: the arms of a switch in a loop go on in each other, by a jump through the
// table that each of them has for itself. The table stays where it is. It is called after Thread, and takes three steps for each block.
func CopyTails[P, I comparable](m TailMachine[P, I]) {
	t := tails[P, I]{m, map[P]tail[P, I]{}}
	blocks := m.JumpBlocks()
	// From behind, for a block may go on in the next one; twice, for the end of a loop goes on at its beginning.
	for range 2 {
		var next P
		for i := len(blocks) - 1; i > 0; i-- { // the first one has a prologue
			m.Tick()
			b := blocks[i]
			if _, ok := lastJump(m, b); !ok {
				continue
			}
			if t.of[b] == nil {
				if code := t.find(b, next); code != nil {
					t.of[b] = code
				}
			}
			next = b
		}
		if len(t.of) == 0 {
			return
		}
	}
	left := tailsInFunction
	for _, b := range blocks {
		m.Tick()
		last, ok := lastJump(m, b)
		if !ok || m.JumpRole(last) != Jump {
			continue
		}
		to := finalTarget(m, last)
		code := t.of[to]
		if code == nil || to == b || len(code) > left {
			continue
		}
		left -= len(code)
		m.RemoveJump(last)
		for _, in := range code {
			m.AppendCopy(b, in.of, in.otherwise)
		}
	}
}

// find returns the tail that begins with a block, nil where there is none that is known yet. next is the block that it may fall into.
func (t *tails[P, I]) find(b, next P) (code tail[P, I]) {
	m := t.m
	var none P
	var noBranch, branch I
	in, last := m.JumpBounds(b)
	for {
		switch role := m.JumpRole(in); {
		case role == None:
		case role == Jump:
			return t.goOn(code, branch, finalTarget(m, in))
		case branch != noBranch:
			return nil // two branches, as of a comparison of floats
		case role == Branch:
			branch = in
		case role == End:
			if m.JumpTable(b, in) < tableEntries {
				return nil
			}
			return append(code, tailInstruction[P, I]{in, none})
		case len(code) == tailInstructions || !m.CanCopy(in):
			return nil
		default:
			code = append(code, tailInstruction[P, I]{in, none})
		}
		if in == last {
			return t.goOn(code, branch, next)
		}
		in = m.JumpNext(in)
	}
}

// goOn ends a tail of a block that branches, perhaps, and otherwise goes on in another one: the tail is that of one of the two.
func (t *tails[P, I]) goOn(code tail[P, I], branch I, on P) tail[P, I] {
	var none P
	var noBranch I
	rest := t.of[on]
	if branch != noBranch {
		otherwise := none
		if rest == nil {
			rest, otherwise = t.of[finalTarget(t.m, branch)], on
		}
		code = append(code, tailInstruction[P, I]{branch, otherwise})
	}
	if on == none || rest == nil || len(code)+len(rest) > tailInstructions {
		return nil
	}
	return append(code, rest...)
}

package jumps

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// tailProgram is a machine of CopyTails that can be run.
type tailProgram struct {
	jumpProgram
	copies, inverted int
}

func (p *tailProgram) JumpTable(_ *jumpBlock, i *jumpInstr) int {
	if i.to == nil {
		return 0
	}
	return tableEntries - i.id%2
}
func (p *tailProgram) CanCopy(i *jumpInstr) bool { return i.id%8 != 0 }
func (p *tailProgram) AppendCopy(b *jumpBlock, i *jumpInstr, otherwise *jumpBlock) {
	c := *i
	c.in, c.at = b, len(b.code)
	if otherwise != nil {
		c.inverted, c.to = !c.inverted, otherwise
		p.inverted++
	}
	b.code = append(b.code, &c)
	p.copies++
}

// Whatever the blocks are, the program does what it did; and no jump is left that could have been a copy, unless it is of its own block.
func TestCopyTails(t *testing.T) {
	copies, inverted := 0, 0
	for seed := range int64(20_000) {
		r := rand.New(rand.NewSource(seed))
		p := &tailProgram{jumpProgram: *randomJumps(r)}
		for _, b := range p.blocks { // more jumps through tables
			if last, ok := lastJump(p, b); ok && last.role == Jump && r.Intn(3) == 0 {
				last.role = End
			}
		}
		want, ended := p.run(seed, 1000)
		Thread[*jumpBlock, *jumpInstr](p, nil)
		before := p.String()
		CopyTails[*jumpBlock, *jumpInstr](p)
		got, _ := p.run(seed, 10_000)
		if n := min(len(got), len(want)); ended && len(got) != len(want) || fmt.Sprint(got[:n]) != fmt.Sprint(want[:n]) {
			t.Fatalf("seed %d: %v became %v\n%s\n%s", seed, want, got, before, p)
		}
		copies, inverted = copies+p.copies, inverted+p.inverted
		for _, b := range p.blocks {
			last, ok := lastJump(p, b)
			if !ok || last.role != Jump {
				continue
			}
			to := finalTarget(p, last)
			if first, ok := firstJump(p, to); ok && to != b && to.at > 0 && first.role == End && p.JumpTable(to, first) >= tableEntries {
				t.Fatalf("seed %d: block %d\n%s\n%s", seed, b.at, before, p)
			}
		}
	}
	require.True(t, copies > 4_000 && inverted > 100, "%d copies, %d of them are inverted branches", copies, inverted)
}

// What many jump to is not copied for each of them without end.
func TestCopyTailsOfManyJumps(t *testing.T) {
	p := &tailProgram{}
	const blocks = 100_000
	for i := range blocks {
		p.blocks = append(p.blocks, &jumpBlock{at: i})
	}
	for i, b := range p.blocks {
		b.add(None, 0, nil)
		b.add(Other, 1, nil)
		if i == 1 {
			b.add(End, 2, b)
		} else {
			b.add(Jump, 3, p.blocks[1])
		}
		b.add(None, 0, nil)
	}
	CopyTails[*jumpBlock, *jumpInstr](p)
	require.Equal(t, tailsInFunction, p.copies)
}

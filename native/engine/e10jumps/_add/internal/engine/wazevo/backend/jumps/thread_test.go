package jumps

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// jumpProgram is a machine of Thread that can be run.
type jumpProgram struct{ blocks []*jumpBlock }

type jumpBlock struct {
	at            int
	code          []*jumpInstr // the first and the last emit nothing, as in a machine
	forward, next *jumpBlock
}

type jumpInstr struct {
	role     Role
	id       int
	inverted bool
	to       *jumpBlock
	in       *jumpBlock
	at       int
}

func (p *jumpProgram) JumpBlocks() []*jumpBlock { return p.blocks }
func (p *jumpProgram) JumpBounds(b *jumpBlock) (first, last *jumpInstr) {
	return b.code[0], b.code[len(b.code)-1]
}
func (p *jumpProgram) JumpNext(i *jumpInstr) *jumpInstr    { return i.in.code[i.at+1] }
func (p *jumpProgram) JumpPrev(i *jumpInstr) *jumpInstr    { return i.in.code[i.at-1] }
func (p *jumpProgram) JumpRole(i *jumpInstr) Role          { return i.role }
func (p *jumpProgram) JumpTarget(i *jumpInstr) *jumpBlock  { return i.to }
func (p *jumpProgram) JumpForward(b *jumpBlock) *jumpBlock { return b.forward }
func (p *jumpProgram) SetJumpForward(from, to *jumpBlock)  { from.forward = to }
func (p *jumpProgram) SetJumpNext(from, to *jumpBlock)     { from.next = to }
func (p *jumpProgram) RemoveJump(i *jumpInstr)             { i.role, i.to = None, nil }
func (p *jumpProgram) InvertBranch(branch, jump *jumpInstr) {
	branch.inverted, branch.to, jump.to = !branch.inverted, jump.to, branch.to
}
func (p *jumpProgram) JumpLoops(b *jumpBlock) bool { return b.at%3 == 0 }
func (p *jumpProgram) Tick()                       {}
func (b *jumpBlock) add(role Role, id int, to *jumpBlock) {
	b.code = append(b.code, &jumpInstr{role: role, id: id, to: to, in: b, at: len(b.code)})
}

// randomJumps has many blocks of nothing but a jump, and of nothing. tables are jumps that are not instructions of these roles.
func randomJumps(r *rand.Rand) *jumpProgram {
	p := &jumpProgram{}
	for i := range 2 + r.Intn(12) {
		p.blocks = append(p.blocks, &jumpBlock{at: i})
	}
	id := 0
	for i, b := range p.blocks {
		any := func() *jumpBlock { return p.blocks[1:][r.Intn(len(p.blocks)-1)] }
		next := func() int { id++; return id }
		b.add(None, 0, nil)
		if r.Intn(3) == 0 || i == 0 {
			b.add(Other, next(), nil)
		}
		if r.Intn(3) == 0 {
			b.add(Branch, next(), any())
			if r.Intn(4) == 0 { // as a comparison of floats, which has a label behind it
				b.add(Branch, next(), any())
				b.add(Other, next(), nil)
			}
		}
		switch {
		case i == len(p.blocks)-1:
			b.add(End, next(), nil)
		case r.Intn(2) == 0:
			b.add(Jump, next(), any())
		case r.Intn(8) == 0:
			b.add(End, next(), any()) // any: a table of jumps
		}
		b.add(None, 0, nil)
	}
	return p
}

// run tells what the program does, up to a number of steps that end in no loop.
func (p *jumpProgram) run(seed int64, most int) (trace []int, ended bool) {
	settled := func(b *jumpBlock) int {
		if b.forward != nil {
			return b.forward.at
		}
		return b.at
	}
	visits := map[int]int64{}
	at, k := 0, 0
	for steps := 0; steps < most && len(trace) < 60; steps++ {
		if k == len(p.blocks[at].code) {
			at, k = at+1, 0
			continue
		}
		in := p.blocks[at].code[k]
		k++
		switch in.role {
		case Other:
			trace = append(trace, in.id)
		case Jump:
			at, k = settled(in.to), 0
		case Branch:
			visits[in.id]++
			taken := (uint64(seed<<20+int64(in.id)<<10+visits[in.id])*0x9e3779b97f4a7c15)>>63 == 0
			if taken != in.inverted {
				at, k = settled(in.to), 0
			}
		case End:
			trace = append(trace, in.id)
			if in.to == nil {
				return trace, true
			}
			at, k = settled(in.to), 0
		}
	}
	return trace, len(trace) == 60
}

func (p *jumpProgram) String() (s string) {
	for _, b := range p.blocks {
		s += fmt.Sprintf("%d:", b.at)
		for _, in := range b.code {
			if in.role != None {
				s += fmt.Sprintf(" %d/%d", in.role, in.id)
				if in.inverted {
					s += "!"
				}
				if in.to != nil {
					s += fmt.Sprintf("->%d", in.to.at)
				}
			}
		}
		if b.forward != nil {
			s += fmt.Sprintf(" goes on in %d", b.forward.at)
		}
		s += "\n"
	}
	return s
}

// Whatever the blocks are, the program does what it did, and has no jump to a jump.
func TestThread(t *testing.T) {
	removed := 0
	for seed := range int64(20_000) {
		p := randomJumps(rand.New(rand.NewSource(seed)))
		before := p.String()
		want, ended := p.run(seed, 1000)
		forwards := Thread[*jumpBlock, *jumpInstr](p, nil)
		got, _ := p.run(seed, 10_000)
		if n := min(len(got), len(want)); ended && len(got) != len(want) || fmt.Sprint(got[:n]) != fmt.Sprint(want[:n]) {
			t.Fatalf("seed %d: %v became %v\n%s\n%s", seed, want, got, before, p)
		}
		for _, b := range forwards {
			require.True(t, b.forward != nil && b.forward.forward == nil, "seed %d\n%s\n%s", seed, before, p)
		}
		for i, b := range p.blocks {
			// What it falls into is where it was told that it falls.
			if _, ok := lastJump(p, b); ok && b.next != nil {
				j := i + 1
				for _, empty := firstJump(p, p.blocks[j]); !empty && p.blocks[j].forward != nil; _, empty = firstJump(p, p.blocks[j]) {
					j++
				}
				require.Equal(t, j, b.next.at, "seed %d: block %d\n%s\n%s", seed, i, before, p)
			}
			for _, in := range b.code {
				if in.role == None && in.id != 0 {
					removed++
				}
			}
		}
	}
	require.True(t, removed > 20_000, "%d jumps removed", removed)
}

// Jumps to jumps that do not end, and more of them than anybody follows.
func TestThreadOfLongChains(t *testing.T) {
	p := &jumpProgram{}
	for i := range 100_000 {
		p.blocks = append(p.blocks, &jumpBlock{at: i})
	}
	for i, b := range p.blocks {
		b.add(None, 0, nil)
		b.add(Jump, i+1, p.blocks[max(i-1, 1)])
		b.add(None, 0, nil)
	}
	for _, b := range Thread[*jumpBlock, *jumpInstr](p, nil) {
		require.True(t, b.forward.forward == nil)
	}
}

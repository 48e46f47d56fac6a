package frontend

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// bulkPiece is how much is moved between two polls: well under a millisecond.
const bulkPiece = 1 << 20

// pollInBulk is the poll of a loop head, for the loops that one instruction becomes.
func (c *Compiler) pollInBulk() {
	if c.ensureTermination || wazevoapi.AlwaysPoll {
		c.ssaBuilder.AllocateInstruction().AsInterruptPoll(c.execCtxPtrValue).Insert(c.ssaBuilder)
	}
}

// callMemmove moves what may overlap. What is larger than a piece is moved in pieces, from the end where the destination begins inside
// of the source, with a poll before each:
//
//	if size <= bulkPiece {
//		memmove(dst, src, size)
//	} else {
//		for done := 0; ; {
//			poll()
//			left := size - done
//			n := min(left, bulkPiece)
//			at := dst - src < size ? left - n : done
//			memmove(dst + at, src + at, n)
//			if done += n; done >= size { break }
//		}
//	}
func (c *Compiler) callMemmove(dst, src, size ssa.Value) {
	if !c.ensureTermination && !wazevoapi.AlwaysPoll {
		c.memmoveAtOnce(dst, src, size)
		return
	}
	b := c.ssaBuilder
	add := func(x, y ssa.Value) ssa.Value { return b.AllocateInstruction().AsIadd(x, y).Insert(b).Return() }
	sub := func(x, y ssa.Value) ssa.Value { return b.AllocateInstruction().AsIsub(x, y).Insert(b).Return() }
	constant := func(v uint64) ssa.Value { return b.AllocateInstruction().AsIconst64(v).Insert(b).Return() }
	less := func(x, y ssa.Value) ssa.Value {
		return b.AllocateInstruction().AsIcmp(x, y, ssa.IntegerCmpCondUnsignedLessThan).Insert(b).Return()
	}
	choose := func(cond, x, y ssa.Value) ssa.Value {
		return b.AllocateInstruction().AsSelect(cond, x, y).Insert(b).Return()
	}

	small, large, loop, following := b.AllocateBasicBlock(), b.AllocateBasicBlock(), b.AllocateBasicBlock(), b.AllocateBasicBlock()
	done := loop.AddParam(b, ssa.TypeI64)
	b.AllocateInstruction().AsBrnz(less(constant(bulkPiece), size), ssa.ValuesNil, large).Insert(b)
	c.insertJumpToBlock(ssa.ValuesNil, small)

	b.SetCurrentBlock(small)
	c.memmoveAtOnce(dst, src, size)
	c.insertJumpToBlock(ssa.ValuesNil, following)

	b.SetCurrentBlock(large)
	fromEnd := less(sub(dst, src), size)
	c.insertJumpToBlock(c.allocateVarLengthValues(1, constant(0)), loop)

	b.SetCurrentBlock(loop)
	c.pollInBulk()
	piece := constant(bulkPiece)
	left := sub(size, done)
	n := choose(less(left, piece), left, piece)
	at := choose(fromEnd, sub(left, n), done)
	c.memmoveAtOnce(add(dst, at), add(src, at), n)
	next := add(done, n)
	b.AllocateInstruction().AsBrnz(less(next, size), c.allocateVarLengthValues(1, next), loop).Insert(b)
	c.insertJumpToBlock(ssa.ValuesNil, following)

	b.SetCurrentBlock(following)
	for _, block := range []ssa.BasicBlock{small, large, loop, following} {
		b.Seal(block)
	}
}

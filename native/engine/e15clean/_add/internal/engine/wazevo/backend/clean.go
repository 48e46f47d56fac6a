package backend

import "github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"

// Clean are values of 32 bits in whose register the upper half is zero, wherever they are looked at: there they are extended to 64 bits already.
// They are what the machine says its instructions leave so (CleanOpcode), and parameters of blocks to which nothing else is given. What comes
// from other functions is not, nor from the host, nor what the machine does not name.

// IsClean tells whether v, which is no constant, is clean.
func (c *compiler) IsClean(v ssa.Value) bool {
	id := int(v.ID())
	return id < len(c.clean) && c.clean[id]
}

func (c *compiler) findClean() {
	c.clean, c.edges = c.clean[:0], c.edges[:0]
	m, ok := c.mach.(interface{ CleanOpcode(ssa.Opcode) bool })
	if !ok {
		return
	}
	c.clean = append(c.clean, make([]bool, len(c.ssaValuesInfo)+1)...)
	b := c.ssaBuilder
	for blk := b.BlockIteratorReversePostOrderBegin(); blk != nil; blk = b.BlockIteratorReversePostOrderNext() {
		// Of parameters the best is taken to be true, until something that is given to them says otherwise.
		for i := 0; !blk.EntryBlock() && blk.Preds() > 0 && i < blk.Params(); i++ {
			p := blk.Param(i)
			c.clean[p.ID()] = p.Type() == ssa.TypeI32
		}
		for cur := blk.Root(); cur != nil; cur = cur.Next() {
			if r, _ := cur.Returns(); r.Valid() && r.Type() == ssa.TypeI32 {
				c.clean[r.ID()] = m.CleanOpcode(cur.Opcode())
			}
			c.noteEdges(cur)
		}
	}
	for again := true; again; {
		again = false
		for _, e := range c.edges {
			if given, p := e[0], e[1]; c.clean[p.ID()] && !c.clean[given.ID()] && !c.isConstant(given) {
				c.clean[p.ID()], again = false, true
			}
		}
	}
}

func (c *compiler) noteEdges(branch *ssa.Instruction) {
	switch branch.Opcode() {
	case ssa.OpcodeJump, ssa.OpcodeBrz, ssa.OpcodeBrnz:
		_, args, id := branch.BranchData()
		to := c.ssaBuilder.BasicBlock(id)
		if to.ReturnBlock() {
			return
		}
		for i, arg := range args {
			if arg.Type() == ssa.TypeI32 {
				c.edges = append(c.edges, [2]ssa.Value{arg, to.Param(i)})
			}
		}
	case ssa.OpcodeBrTable:
		_, targets := branch.BrTableData()
		for _, id := range targets.View() {
			if c.ssaBuilder.BasicBlock(ssa.BasicBlockID(id)).Params() > 0 {
				panic("BUG: what a br_table gives to a block is not looked at")
			}
		}
	}
}

func (c *compiler) isConstant(v ssa.Value) bool {
	i := c.ssaBuilder.InstructionOfValue(v)
	return i != nil && i.Constant()
}

package regalloc

// loopInstructions is how many instructions of a loop are looked at; loops in loops are each looked at: loopsPerBlock bounds that for a function, by
// its blocks. Of a larger loop, and of the last ones, nearInstructions of the beginning are.
const loopInstructions, loopsPerBlock, nearInstructions = 1000, 100, 256

// numberBlocks numbers the blocks in the order in which registers are allocated.
func (a *Allocator[I, B, F]) numberBlocks(f F) {
	var none B
	n := 0
	for blk := f.ReversePostOrderBlockIteratorBegin(); blk != none; blk = f.ReversePostOrderBlockIteratorNext() {
		a.getOrAllocateBlockState(blk.ID()).index = n
		n++
	}
	a.looks = loopInstructions + loopsPerBlock*n
}

// dropUnusedInLoop is called at the header of a loop, with the registers that the block before it ends with. What the loop does not use gives
// its register to what it does, where there are few; and to a call what a call would take: it would have to be loaded again at each turn. It
// becomes a value that is not in a register here, as there are others: whoever uses it behind the loop loads it.
func (a *Allocator[I, B, F]) dropUnusedInLoop(f F, header B) {
	if !header.LoopHeader() || header.Entry() {
		return
	}
	s := &a.state
	a.loop++
	// The loop is its header, and what goes on to a jump back to it without passing it.
	head := a.getOrAllocateBlockState(header.ID())
	head.inLoop = a.loop
	a.body = append(a.body[:0], header)
	enter := func(blk B) {
		if st := a.getOrAllocateBlockState(blk.ID()); st.inLoop != a.loop {
			st.inLoop = a.loop
			a.body = append(a.body, blk)
		}
	}
	for i, n := 0, header.Preds(); i < n; i++ {
		a.tick()
		if pred := f.Pred(header, i); a.getOrAllocateBlockState(pred.ID()).index >= head.index {
			enter(pred)
		}
	}
	calls, most := false, min(loopInstructions, a.looks)
	left := most
	defer func() { a.looks -= most - max(left, 0) }()
	var none I
	for i := 0; i < len(a.body); i++ {
		blk := a.body[i]
		if left -= blk.Preds(); left < 0 {
			a.dropFarInLoop(f, header)
			return
		}
		for k, n := 0, blk.Preds(); i > 0 && k < n; k++ {
			enter(f.Pred(blk, k))
		}
		for instr := blk.InstrIteratorBegin(); instr != none; instr = blk.InstrIteratorNext() {
			a.tick()
			if left--; left < 0 {
				a.dropFarInLoop(f, header)
				return
			}
			calls = calls || instr.IsCall() || instr.IsIndirectCall()
			for _, use := range instr.Uses(&a.vs) {
				if !use.IsRealReg() {
					s.getVRegState(use.ID()).usedIn = a.loop
				}
			}
		}
	}
	var used [NumRegType]int
	count := func(vs *vrState[I, B, F]) { // once: there may be values twice among those that live
		if vs.usedIn == a.loop {
			used[vs.v.RegType()]++
			vs.usedIn = -a.loop
		}
	}
	for _, vs := range a.getOrAllocateBlockState(header.ID()).liveIns {
		count(vs)
	}
	for _, p := range f.BlockParams(header, &a.vs) {
		count(s.getVRegState(p.ID()))
	}
	const others = 6 // registers for what the loop computes on the way
	s.regsInUse.range_(func(r RealReg, vs *vrState[I, B, F]) {
		if vs.v.IsRealReg() || vs.usedIn == a.loop || vs.usedIn == -a.loop || vs.phiBlk() == header {
			return
		}
		t := vs.v.RegType()
		if calls && a.regInfo.CallerSavedRegisters.has(r) || used[t]+others > len(a.regInfo.AllocatableRegisters[t]) {
			s.releaseRealReg(r)
		}
	})
}

// dropFarInLoop is dropUnusedInLoop for a loop that is too large to be looked at, as those of interpreters are: what is not used soon has left its
// register by the end, and would have to be loaded for the next turn, and stored at its beginning.
func (a *Allocator[I, B, F]) dropFarInLoop(f F, header B) {
	s := &a.state
	a.loop++
	a.body = append(a.body[:0], header)
	a.getOrAllocateBlockState(header.ID()).inLoop = a.loop
	left := nearInstructions
	var none I
	var nowhere B
	for i := 0; i < len(a.body) && left > 0; i++ {
		blk := a.body[i]
		for instr := blk.InstrIteratorBegin(); instr != none && left > 0; instr = blk.InstrIteratorNext() {
			a.tick()
			left--
			for _, use := range instr.Uses(&a.vs) {
				if !use.IsRealReg() {
					s.getVRegState(use.ID()).usedIn = a.loop
				}
			}
		}
		for k, n := 0, min(blk.Succs(), left); k < n; k++ {
			succ := f.Succ(blk, k)
			if succ == nowhere {
				continue
			}
			if st := a.getOrAllocateBlockState(succ.ID()); st.inLoop != a.loop {
				st.inLoop = a.loop
				a.body = append(a.body, succ)
			}
		}
	}
	s.regsInUse.range_(func(r RealReg, vs *vrState[I, B, F]) {
		if !vs.v.IsRealReg() && vs.usedIn != a.loop && vs.phiBlk() != header {
			s.releaseRealReg(r)
		}
	})
}

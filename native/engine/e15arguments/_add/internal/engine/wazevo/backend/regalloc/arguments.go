package regalloc

// givesParameter tells whether blk is one of those that give the parameter its value. There its place at the end of blk is decided by what it has
// where it is a parameter, and by nothing else.
func (a *Allocator[I, B, F]) givesParameter(f F, blk B, parameter *vrState[I, B, F]) bool {
	for i, n := 0, blk.Succs(); i < n; i++ {
		if f.Succ(blk, i) == parameter.defBlk {
			return true
		}
	}
	return false
}

package regalloc

// The contexts are the first two parameters of each function. Where a machine keeps them in words of its own in each frame they are in no register
// across a call: who finds a stack that waits finds them there, all of them and nothing else, and can give it others.

// findContexts is called before anything is allocated.
func (a *Allocator[I, B, F]) findContexts(f F) {
	a.contexts = [2]VRegID{vRegIDInvalid, vRegIDInvalid}
	if k, ok := any(f).(interface{ KeepsContexts() bool }); !ok || !k.KeepsContexts() {
		return
	}
	var none B
	entry := f.ReversePostOrderBlockIteratorBegin()
	if entry == none || !entry.Entry() {
		return
	}
	if params := f.BlockParams(entry, &a.vs); len(params) >= len(a.contexts) {
		for i := range a.contexts {
			if params[i].Valid() {
				a.contexts[i] = params[i].ID()
			}
		}
	}
}

func (a *Allocator[I, B, F]) isContext(id VRegID) bool {
	return id != vRegIDInvalid && (id == a.contexts[0] || id == a.contexts[1])
}

// releaseContexts is called at each call.
func (a *Allocator[I, B, F]) releaseContexts() {
	s := &a.state
	for _, id := range a.contexts {
		if id == vRegIDInvalid {
			continue
		}
		if vs := s.getVRegState(id); vs != nil && vs.r != RealRegInvalid {
			s.releaseRealReg(vs.r)
		}
	}
}

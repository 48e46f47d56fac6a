package frames

// The frames of a group are a stack: the guest of the top one runs, those below wait in host functions.

// push makes f the runner. A frame above a stopped one starts stopped: it inherits the end.
func (f *Frame) push() {
	g := f.member.Group.find()
	below := g.running.Load()
	f.below = below
	if below != nil {
		f.done = make(chan struct{})
	}
	g.running.Store(f)
	if below != nil {
		if s := below.stop.Load(); s != 0 {
			f.StopSelf(s)
		}
	}
}

func (f *Frame) pop() {
	f.member.Group.find().running.CompareAndSwap(f, f.below)
	if f.done != nil {
		close(f.done)
	}
	f.member.Group.ReleaseAtRest()
}

// settleAbove waits until every frame above has ended: frames end last in, first out.
func (f *Frame) settleAbove() {
	for {
		top := f.member.Group.find().running.Load()
		if top == nil || top == f || top.done == nil {
			return
		}
		<-top.done
	}
}

package main

import "sync/atomic"

// group is the link group: instances joined by imports of functions, memories, tables, globals or tags. JavaScript owns the rule
// that one frame of a group runs at a time; Go keeps the stack of frames to know, in a callback without a context (a write to
// stdout, a sleep), which call it belongs to. Merging happens only while every group concerned is at rest or parked, in
// instantiate, so the pointers need no lock.
type group struct {
	top    atomic.Pointer[frame]
	merged atomic.Pointer[group] // joined into that one
}

func (g *group) find() *group {
	for {
		next := g.merged.Load()
		if next == nil {
			return g
		}
		g = next
	}
}

func (g *group) join(other *group) {
	g, other = g.find(), other.find()
	if g == other {
		return
	}
	if g.top.Load() == nil { // the one with frames stays the root
		g, other = other, g
	}
	other.merged.Store(g)
}

// push makes f the runner. A frame above a stopped one starts stopped: it inherits the end.
func (f *frame) push() {
	g := f.group.find()
	below := g.top.Load()
	f.below = below
	if below != nil {
		f.done = make(chan struct{})
	}
	g.top.Store(f)
	if below != nil {
		if s := below.stop.Load(); s != 0 {
			f.stopSelf(s)
		}
	}
}

func (f *frame) pop() {
	f.group.find().top.CompareAndSwap(f, f.below)
	if f.done != nil {
		close(f.done)
	}
}

// settleAbove waits until every frame above has ended: frames end last in, first out.
func (f *frame) settleAbove() {
	for {
		top := f.group.find().top.Load()
		if top == nil || top == f || top.done == nil {
			return
		}
		<-top.done
	}
}

package main

import (
	"sync"
	"sync/atomic"
)

// group is the link group: instances joined by imports of functions, memories, tables, globals or tags. JavaScript owns the rule
// that one frame of a group runs at a time; Go keeps the stack of frames to know, in a callback without a context (a write to
// stdout, a sleep), which call it belongs to. Merging happens only while every group concerned is at rest or parked, in
// instantiate, so the pointers need no lock.
//
// Memory: what its modules allocated is given back when all of them are closed, no frame is in flight, and no module of another
// group uses a shared memory of it (depends). Until then the addresses that guest code has cached stay mapped.
type group struct {
	top    atomic.Pointer[frame]
	merged atomic.Pointer[group] // joined into that one

	// guarded by groupsMu
	modules  []*moduleState // open ones
	memories []*guestMemory // to be released when at rest
	depends  []*group       // groups that own shared memories which this one imports
	users    int            // groups that depend on this one
}

var groupsMu sync.Mutex

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
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g.modules = append(g.modules, other.modules...)
	g.memories = append(g.memories, other.memories...)
	g.depends = append(g.depends, other.depends...)
	g.users += other.users
	other.modules, other.memories, other.depends = nil, nil, nil
	other.merged.Store(g)
}

// dependOn keeps the other group's memories until this one is released.
func (g *group) dependOn(other *group) {
	g, other = g.find(), other.find()
	if g == other {
		return
	}
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g.depends = append(g.depends, other)
	other.users++
}

func (g *group) addModule(m *moduleState) {
	g = g.find()
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g.modules = append(g.modules, m)
}

func (g *group) openModules() []*moduleState {
	g = g.find()
	groupsMu.Lock()
	defer groupsMu.Unlock()
	return append([]*moduleState(nil), g.modules...)
}

func (g *group) addMemory(m *guestMemory) {
	g = g.find()
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g.memories = append(g.memories, m)
}

// newlyClosed removes and returns the modules that wazero has closed: by the guest, by a stop, or by wz_module_close.
func (g *group) newlyClosed() (closed []*moduleState) {
	g = g.find()
	groupsMu.Lock()
	defer groupsMu.Unlock()
	open := g.modules[:0]
	for _, m := range g.modules {
		if m.isClosed() {
			closed = append(closed, m)
		} else {
			open = append(open, m)
		}
	}
	clear(g.modules[len(open):])
	g.modules = open
	return closed
}

// releaseAtRest gives memory back if the time has come; cheap when it has not.
func (g *group) releaseAtRest() {
	g = g.find()
	groupsMu.Lock()
	g.releaseLocked()
	groupsMu.Unlock()
}

func (g *group) releaseLocked() {
	if g.top.Load() != nil {
		return
	}
	if len(g.modules) > 0 || g.users > 0 {
		for _, m := range g.memories {
			m.Rest() // what it moved away from while growing
		}
		return
	}
	for _, m := range g.memories {
		m.release()
	}
	depends := g.depends
	g.memories, g.depends = nil, nil
	for _, d := range depends {
		d = d.find()
		d.users--
		d.releaseLocked()
	}
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
	f.group.releaseAtRest()
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

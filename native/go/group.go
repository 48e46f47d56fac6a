package main

import (
	"maps"
	"slices"
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

	// guarded by groupsMu; nothing walks the modules: there may be tens of thousands
	modules   map[*moduleState]struct{} // open ones
	closed    []*moduleState            // of these, which are closed by now
	withFiles map[*moduleState]struct{} // of these, which have mounts
	memories  []*guestMemory            // to be released when at rest
	moved     []*guestMemory            // that have left a range behind since the group was at rest
	depends   []*group                  // groups that own shared memories which this one imports
	users     int                       // groups that depend on this one
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

// join makes both one; groupsMu is held.
func (g *group) join(other *group) {
	g, other = g.find(), other.find()
	if g == other {
		return
	}
	if g.top.Load() == nil { // the one with frames stays the root
		g, other = other, g
	}
	g.modules = united(g.modules, other.modules)
	g.withFiles = united(g.withFiles, other.withFiles)
	g.closed = appended(g.closed, other.closed)
	g.memories = appended(g.memories, other.memories)
	g.moved = appended(g.moved, other.moved)
	g.depends = appended(g.depends, other.depends)
	g.users += other.users
	other.modules, other.withFiles, other.closed, other.memories, other.moved, other.depends = nil, nil, nil, nil, nil, nil
	other.merged.Store(g)
}

// united moves the smaller of the two: a large group that joins one new one after another is not copied each time.
func united[K comparable](a, b map[K]struct{}) map[K]struct{} {
	if len(a) < len(b) {
		a, b = b, a
	}
	for k := range b {
		a[k] = struct{}{}
	}
	return a
}

// appended likewise, where the order does not matter.
func appended[T any](a, b []T) []T {
	if len(a) < len(b) {
		a, b = b, a
	}
	return append(a, b...)
}

// dependOn keeps the other group's memories until this one is released; groupsMu is held.
func (g *group) dependOn(other *group) {
	g, other = g.find(), other.find()
	if g == other {
		return
	}
	g.depends = append(g.depends, other)
	other.users++
}

// addModule: it is instantiated.
func (g *group) addModule(m *moduleState) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	if g.modules == nil {
		g.modules = map[*moduleState]struct{}{}
	}
	g.modules[m] = struct{}{}
	m.grouped = true
	m.mu.Lock()
	mounts := len(m.mounts)
	m.mu.Unlock()
	if mounts > 0 {
		if g.withFiles == nil {
			g.withFiles = map[*moduleState]struct{}{}
		}
		g.withFiles[m] = struct{}{}
	}
	if m.isClosed() { // by its own start functions
		g.closed = append(g.closed, m)
	}
}

// interruptFiles lets every guest of the group return that is parked in a file.
func (g *group) interruptFiles() {
	groupsMu.Lock()
	all := slices.Collect(maps.Keys(g.find().withFiles))
	groupsMu.Unlock()
	for _, m := range all {
		m.interruptFiles()
	}
}

func (g *group) addMemory(m *guestMemory) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	g.memories = append(g.memories, m)
}

func (g *group) addMoved(m *guestMemory) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	g.moved = append(g.moved, m)
}

// noteClosed marks the module for newlyClosed; before it is in its group nothing is to be marked. Any thread, more than once.
func (m *moduleState) noteClosed() {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	if m.grouped {
		g := m.group.find()
		g.closed = append(g.closed, m)
	}
}

// newlyClosed removes and returns the modules that are closed: by the guest, by a stop, or by wz_module_close.
func (g *group) newlyClosed() (closed []*moduleState) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	for _, m := range g.closed {
		if m.grouped {
			m.grouped = false
			delete(g.modules, m)
			delete(g.withFiles, m)
			closed = append(closed, m)
		}
	}
	g.closed = nil
	return closed
}

// releaseAtRest gives memory back if the time has come; cheap when it has not.
func (g *group) releaseAtRest() {
	groupsMu.Lock()
	g.find().releaseLocked()
	groupsMu.Unlock()
}

func (g *group) releaseLocked() {
	if g.top.Load() != nil {
		return
	}
	for _, m := range g.moved {
		m.Rest() // what it moved away from while growing
	}
	g.moved = nil
	if len(g.modules) > 0 || g.users > 0 {
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

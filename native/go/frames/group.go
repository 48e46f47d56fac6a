package frames

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Group is the link group: instances joined by imports of functions, memories, tables, globals or tags. JavaScript owns the rule
// that one frame of a group runs at a time; Go keeps the stack of frames to know, in a callback without a context (a write to
// stdout, a sleep), which call it belongs to. Merging happens only while every group concerned is at rest or parked, in
// instantiate, so the pointers need no lock.
//
// Memory: what its modules allocated is given back when all of them are closed and JavaScript knows it, no frame is in flight, and no
// module of another group uses a shared memory of it (depends). Until then the addresses that guest code has cached stay mapped, and
// JavaScript, which has views of the memory and decodes bytes of them, reads none that another thread is clearing.
type Group struct {
	running atomic.Pointer[Frame]
	merged  atomic.Pointer[Group] // joined into that one

	// guarded by groupsMu; nothing walks the modules: there may be tens of thousands
	modules   map[*Member]struct{} // open ones
	closed    []*Member            // of these, which are closed by now
	withFiles map[*Member]struct{} // of these, which have mounts
	memories  []Memory             // to be released when at rest
	moved     []Memory             // that have left a range behind since the group was at rest
	depends   []*Group             // groups that own shared memories which this one imports
	users     int                  // groups that depend on this one
	held      int                  // modules, open or closed, that JavaScript has not let go of
}

var groupsMu sync.Mutex

// Memory is a linear memory of a group's.
type Memory interface {
	Rest()    // gives back what it moved away from while growing
	Release() // gives back all: nothing of the group runs, and nothing will
}

// top is the frame that runs, nil at rest.
func (g *Group) top() *Frame { return g.find().running.Load() }

func (g *Group) find() *Group {
	for {
		next := g.merged.Load()
		if next == nil {
			return g
		}
		g = next
	}
}

// join makes both one; groupsMu is held.
func (g *Group) join(other *Group) {
	g, other = g.find(), other.find()
	if g == other {
		return
	}
	if g.running.Load() == nil { // the one with frames stays the root
		g, other = other, g
	}
	g.modules = united(g.modules, other.modules)
	g.withFiles = united(g.withFiles, other.withFiles)
	g.closed = appended(g.closed, other.closed)
	g.memories = appended(g.memories, other.memories)
	g.moved = appended(g.moved, other.moved)
	g.depends = appended(g.depends, other.depends)
	g.users += other.users
	g.held += other.held
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
func (g *Group) dependOn(other *Group) {
	g, other = g.find(), other.find()
	if g == other {
		return
	}
	g.depends = append(g.depends, other)
	other.users++
}

// Add: it is instantiated.
func (g *Group) Add(m *Member) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	if g.modules == nil {
		g.modules = map[*Member]struct{}{}
	}
	g.modules[m] = struct{}{}
	m.grouped = true
	if m.Self.HasFiles() {
		if g.withFiles == nil {
			g.withFiles = map[*Member]struct{}{}
		}
		g.withFiles[m] = struct{}{}
	}
	if m.Self.IsClosed() { // by its own start functions
		g.closed = append(g.closed, m)
	}
}

// Others are the open modules of the group but for m.
func (g *Group) Others(m *Member) (others []*Member) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	for other := range g.find().modules {
		if other != m {
			others = append(others, other)
		}
	}
	return others
}

// interruptFiles lets every guest of the group return that is parked in a file.
func (g *Group) interruptFiles() {
	groupsMu.Lock()
	all := slices.Collect(maps.Keys(g.find().withFiles))
	groupsMu.Unlock()
	for _, m := range all {
		m.Self.InterruptFiles()
	}
}

func (g *Group) AddMemory(m Memory) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	g.memories = append(g.memories, m)
}

func (g *Group) AddMoved(m Memory) {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g = g.find()
	g.moved = append(g.moved, m)
}

// TakeClosed removes and returns the modules that are closed: by the guest, by a stop, or by wz_module_close.
func (g *Group) TakeClosed() (closed []*Member) {
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

// ReleaseAtRest gives memory back if the time has come; cheap when it has not.
func (g *Group) ReleaseAtRest() {
	groupsMu.Lock()
	g.find().releaseLocked()
	groupsMu.Unlock()
}

func (g *Group) releaseLocked() {
	if g.running.Load() != nil {
		return
	}
	for _, m := range g.moved {
		m.Rest() // what it moved away from while growing
	}
	g.moved = nil
	if len(g.modules) > 0 || g.users > 0 || g.held > 0 {
		return
	}
	for _, m := range g.memories {
		m.Release()
	}
	depends := g.depends
	g.memories, g.depends = nil, nil
	for _, d := range depends {
		d = d.find()
		d.users--
		d.releaseLocked()
	}
}

// Keeps: nothing that the other group's modules allocated is given back before this one is closed and at rest.
func (g *Group) Keeps(other *Group) bool {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	g, other = g.find(), other.find()
	if g == other {
		return true
	}
	for _, d := range g.depends {
		if d.find() == other {
			return true
		}
	}
	return false
}

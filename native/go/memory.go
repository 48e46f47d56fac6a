package main

import (
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/arena"
	"wazeronode/frames"
	"wazeronode/handles"
)

// guestMemory is a range of an arena behind one linear memory. wazero's Free is only a request: guest code of the link group has the
// address cached. The group releases it.
type guestMemory struct {
	*arena.Memory
	rt     *runtimeState
	group  *frames.Group
	shared bool
	base   uintptr // under which rt.memory knows it
}

// memoryState is a memory as JavaScript holds it: of one module, maybe imported from another.
type memoryState struct {
	module *moduleState
	inner  api.Memory
	guest  *guestMemory
}

// Allocate implements experimental.MemoryAllocator: it is called once, in the instantiation of the module that owns the memory.
func (m *moduleState) Allocate(capacity, maximum uint64) experimental.LinearMemory {
	if pages := m.limits.memoryPages; pages > 0 {
		maximum = min(maximum, uint64(pages)<<16)
	}
	g := &guestMemory{rt: m.rt, group: m.Group, shared: m.sharedMemory}
	options := arena.Options{Shared: g.shared, Ledger: m.account, Guarded: m.reserved, Image: m.contents}
	m.reserved, m.guardedMemory = nil, m.reserved != nil
	g.Memory = arena.New(m.rt.budget, capacity, maximum, options)
	m.memory = g
	m.Group.AddMemory(g)
	return g
}

// Reallocate implements experimental.LinearMemory; nil is the guest's -1.
func (g *guestMemory) Reallocate(size uint64) []byte {
	buf := g.Memory.Reallocate(size)
	if was := g.noteBase(); was != 0 {
		g.group.AddMoved(g)
	}
	return buf
}

// noteBase tells the runtime where the memory is; it returns where it was, if that was elsewhere.
func (g *guestMemory) noteBase() (was uintptr) {
	base := g.Base()
	if base == g.base {
		return 0
	}
	g.rt.mu.Lock()
	delete(g.rt.memory, g.base)
	g.rt.memory[base] = g
	g.rt.mu.Unlock()
	was, g.base = g.base, base
	return was
}

// restore is for a memory of an image, when nothing of the group runs.
func (g *guestMemory) restore() []byte {
	buf := g.Memory.Restore()
	g.noteBase()
	return buf
}

// Release is called when nothing of the link group runs and nothing will.
func (g *guestMemory) Release() {
	g.rt.mu.Lock()
	delete(g.rt.memory, g.base)
	g.rt.mu.Unlock()
	g.Free() // wazero has not asked where an instantiation failed
	g.Memory.Release()
}

// moduleMemory is Module.Memory without wazero's typed nil.
func moduleMemory(m api.Module) api.Memory {
	if m == nil {
		return nil
	}
	mem := m.Memory()
	if mem == nil || (*[2]unsafe.Pointer)(unsafe.Pointer(&mem))[1] == nil {
		return nil
	}
	return mem
}

// memoryHandle gives the module's memory of that name, nil name: the one its functions use; 0 if there is none.
func (m *moduleState) memoryHandle(name *string) (handles.Handle, error) {
	if m.IsClosed() || m.inner == nil {
		return 0, errClosedModule
	}
	inner := moduleMemory(m.inner)
	if name != nil {
		if m.inner.ExportedMemory(*name) == nil {
			return 0, nil
		} // a module has one memory at most
	}
	if inner == nil {
		return 0, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.memories[inner]; h != 0 {
		return h, nil
	}
	base, _ := inner.Read(0, 0)
	m.rt.mu.Lock()
	guest := m.rt.memory[uintptr(unsafe.Pointer(unsafe.SliceData(base)))]
	m.rt.mu.Unlock()
	h := m.own(handles.Memory, &memoryState{m, inner, guest})
	m.memories[inner] = h
	return h, nil
}

func (m *memoryState) bytes() uint64 {
	pages, _ := m.inner.Grow(0) // Size overflows at 4 GiB
	return uint64(pages) << 16
}

// view is the memory at this moment; nil where out of range.
func (m *memoryState) view(offset uint64, n int) []byte {
	size := m.bytes()
	if offset > size || uint64(n) > size-offset {
		return nil
	}
	if n == 0 {
		return []byte{}
	}
	if m.guest != nil {
		return m.guest.Bytes()[offset : offset+uint64(n)]
	}
	v, _ := m.inner.Read(uint32(offset), uint32(n))
	return v
}

// Package arena is where guest memories live: ranges of address space that this package maps and never gives back, so that a base
// address which somebody still holds (native code of an outer frame, an ArrayBuffer, a read in flight in Node's thread pool) points
// to memory that was the guest's and is now empty, and never to another guest's memory or to nothing.
package arena

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Options of one memory.
type Options struct {
	// Max is the most bytes that it may grow to; 0: no limit but the one of WebAssembly.
	Max uint64
	// Shared: it is a shared memory, which must not move, so that the whole maximum is reserved at once.
	Shared bool
	// Ledger: what also has a say, or nil.
	Ledger Ledger
	// Image: it begins with what is in it; the first Reallocate is of its size. Nil: with zeros.
	Image *Image
	// Guarded is its range, which it owns from now on; nil: any.
	Guarded *Reservation
}

// Ledger counts a memory's bytes for somebody beside the budget. Any thread.
type Ledger interface {
	TakeMemory(bytes uint64) bool
	GiveMemory(bytes uint64)
	// MemoryLimit is the name of the limit that was reached where TakeMemory is false.
	MemoryLimit() string
}

// LimitError is what the first Reallocate of a memory panics with when it cannot be given its minimum: wazero has no way to say that
// there. Limit is the name of the public Limits field that was reached, or empty when the system had no address space left.
type LimitError struct {
	Limit   string
	Message string
}

func (e *LimitError) Error() string { return e.Message }

// Memory is one linear memory: an experimental.LinearMemory of wazero. All methods may be called from any thread.
//
// Its life ends in two halves, in any order: Free, by which wazero asks, perhaps while an outer frame still runs on the memory; and
// Release, by which the owner says that nothing runs and nothing will. Ranges that it moved away from while growing wait for Rest or
// Release. In each case a range is used again only when no Pin is left on it.
type Memory struct {
	budget  *Budget
	ledger  Ledger // or nil
	max     uint64 // of the bytes
	initial uint64 // capacity to reserve at first
	shared  bool
	image   *Image // of which this is a user until it ends, or nil
	guarded bool

	generation atomic.Uint64
	hasOld     atomic.Bool

	mu       sync.Mutex
	reserved *Reservation // until the first Reallocate
	current  *span
	size     uint64
	old      []*span
	freed    bool
	released bool
}

// New is to be called from MemoryAllocator.Allocate, with its arguments.
func New(budget *Budget, capacity, maximum uint64, options Options) *Memory {
	m := &Memory{budget: budget, ledger: options.Ledger, max: maximum, initial: capacity, shared: options.Shared}
	if options.Max != 0 {
		m.max = min(m.max, options.Max)
	}
	if m.shared {
		m.initial = m.max
	}
	if i := options.Image; i != nil {
		i.Retain()
		m.image = i
		m.initial = max(m.initial, i.Size())
	}
	m.initial = min(m.initial, m.max)
	if options.Guarded != nil {
		m.guarded, m.reserved = true, options.Guarded
	}
	stats.memories.Add(1)
	return m
}

// Reallocate makes the memory size bytes long. It returns nil when a limit or the system forbids: then the guest's memory.grow is -1.
func (m *Memory) Reallocate(size uint64) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.grow(size)
	switch {
	case err == nil:
		m.generation.Add(1)
		return m.current.slice(size)
	case m.current == nil && !m.released:
		panic(err)
	}
	return nil
}

func (m *Memory) grow(size uint64) *LimitError {
	if size > m.max {
		return &LimitError{"memoryPages", fmt.Sprintf("memory of %d bytes is over the limit memoryPages: %d bytes", size, m.max)}
	}
	if m.released {
		return &LimitError{"", "memory is released"}
	}
	grown := size - min(size, m.size) // wazero never shrinks one
	if err := m.take(size, grown); err != nil {
		return err
	}
	if m.current == nil || size > m.current.capacity() {
		moved, err := m.reserve(size)
		if err != nil {
			m.give(grown)
			return err
		}
		switch {
		case m.current == nil && m.image != nil:
			m.image.fill(moved)
		case m.current != nil && m.image != nil:
			m.image.moveTo(moved, m.current.slice(m.size))
		case m.current != nil:
			copyNonZero(moved.slice(m.size), m.current.slice(m.size))
		}
		if m.current != nil {
			// Whoever still holds the old base finds it readable, and empty: its pages must not count twice.
			ranges.empty(m.current)
			m.old = append(m.old, m.current)
			m.hasOld.Store(true)
		}
		m.current = moved
	}
	if !m.current.open(size) {
		m.give(grown)
		return &LimitError{"", "the system refuses to make more of a memory accessible"}
	}
	m.size += grown
	m.current.used = max(m.current.used, m.size)
	return nil
}

// take asks the budget and the ledger for what is new of size bytes.
func (m *Memory) take(size, grown uint64) *LimitError {
	if err := m.budget.takeFor("memory", size, grown); err != nil {
		return err
	}
	if m.ledger != nil && !m.ledger.TakeMemory(grown) {
		m.budget.give(grown)
		limit := m.ledger.MemoryLimit()
		return &LimitError{limit, fmt.Sprintf("memory of %d bytes is over the limit %s", size, limit)}
	}
	return nil
}

func (m *Memory) give(n uint64) {
	m.budget.give(n)
	if m.ledger != nil {
		m.ledger.GiveMemory(n)
	}
}

func (m *Memory) reserve(size uint64) (*span, *LimitError) {
	if m.guarded {
		return m.reserveGuarded(size)
	}
	if m.current != nil && m.shared {
		return nil, &LimitError{"memoryPages", "a shared memory cannot move"}
	}
	if m.current == nil && m.image != nil {
		if s := warm.take(m.image, false, max(size, m.initial)); s != nil {
			return s, nil
		}
	}
	if s := ranges.reserve(max(size, m.initial), m.max); s != nil {
		return s, nil
	}
	if s := ranges.reserve(size, m.max); s != nil && !m.shared {
		return s, nil
	}
	if warm.any() {
		Trim()
		return m.reserve(size)
	}
	return nil, &LimitError{"", fmt.Sprintf("the system has no address space left for a memory of %d bytes", max(size, m.initial))}
}

// reserveGuarded: code that runs over it does not compare, so it has such a range or none.
func (m *Memory) reserveGuarded(size uint64) (*span, *LimitError) {
	r := m.reserved
	if r == nil {
		r = Guard(size)
	}
	m.reserved = nil
	if r == nil || !r.span.open(size) {
		r.Release()
		return nil, &LimitError{"", "the system has no address space left for a guarded memory"}
	}
	return r.take(), nil
}

// Restore has a memory that was made of an image begin with it again, on which nothing runs: as long as it was, and perhaps at another place. Nil
// where there is no image, after Release, and where the system refuses: then nothing may run on it any more.
func (m *Memory) Restore() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.image == nil || m.current == nil || m.released {
		return nil
	}
	m.rest()
	size := m.image.Size()
	if ranges.isPinned(m.current) {
		// An ArrayBuffer, detached by now, is not collected, and a read of Node's thread pool may be under way in it.
		fresh, err := m.reserve(size)
		switch {
		case err == nil:
			m.image.fill(fresh)
			ranges.retire(m.current)
			m.current = fresh
		case m.guarded: // what is behind the image would have to become inaccessible, under whoever has it
			return nil
		default:
			m.image.restore(m.current)
		}
	} else {
		m.image.restore(m.current)
	}
	if !m.current.shut(size) {
		return nil
	}
	m.give(m.size - size)
	m.size = size
	m.generation.Add(1)
	return m.current.slice(size)
}

// Free is wazero's request. The memory stays as it is until Release.
func (m *Memory) Free() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freed = true
	m.finish()
}

// Release says that the owner's link group is closed and at rest: no frame is on this memory, and none will be. The memory is empty
// from now on, and there is no more Bytes.
func (m *Memory) Release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.released {
		return
	}
	m.released = true
	m.generation.Add(1)
	m.rest()
	m.finish()
}

// Rest says that no frame is on this memory now: the ranges that it moved away from may be used again. Cheap when there are none.
func (m *Memory) Rest() {
	if !m.hasOld.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rest()
}

func (m *Memory) rest() {
	for _, s := range m.old {
		ranges.retire(s)
	}
	m.old = nil
	m.hasOld.Store(false)
}

func (m *Memory) finish() {
	if !m.freed || !m.released || m.budget == nil {
		return
	}
	if m.current != nil {
		ranges.retire(m.current)
		m.current = nil
	}
	m.reserved.Release()
	m.give(m.size)
	m.size, m.budget = 0, nil
	if m.image != nil {
		m.image.Release()
		m.image = nil
	}
	stats.memories.Add(-1)
}

// Bytes is the memory as it is now; nil after Release. It is not to be kept over anything that may grow the memory.
func (m *Memory) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == nil || m.released {
		return nil
	}
	return m.current.slice(m.size)
}

// Base is the address of the first byte; 0 after Release.
func (m *Memory) Base() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(m.Bytes()))) }

// Generation changes with each grow and with Release.
func (m *Memory) Generation() uint64 { return m.generation.Load() }

// Pin keeps the present range from being used by another memory. It is nil after Release.
func (m *Memory) Pin() *Pin {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == nil || m.released {
		return nil
	}
	ranges.pin(m.current)
	return &Pin{span: m.current, Bytes: m.current.slice(m.size)}
}

// Pin stands for an ArrayBuffer over Bytes, which may be read and written until Unpin whatever becomes of the memory.
type Pin struct {
	Bytes []byte
	span  *span
	done  atomic.Bool
}

// Unpin may be called on any thread; only the first call counts.
func (p *Pin) Unpin() {
	if !p.done.Swap(true) {
		ranges.unpin(p.span)
	}
}

const pageBytes = 4096

var zeroPage [pageBytes]byte

// copyNonZero leaves the pages that hold nothing unwritten: copied, they would all become resident.
func copyNonZero(to, from []byte) {
	for len(from) > 0 {
		n := min(len(from), pageBytes)
		if string(from[:n]) != string(zeroPage[:n]) {
			copy(to, from[:n])
		}
		to, from = to[n:], from[n:]
	}
}

// Package guard is what the handler of SIGSEGV in native/addon/process/guard.cc knows: where guarded memories are, and where code is that relies on
// that. A fault in the one raised by the other is a trap of the guest; every other one is somebody else's.
package guard

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Table is ranges of addresses that a signal handler looks through on any thread, at any moment, without a lock: pairs of begin and end. A begin of
// 0 is free. It is of a package, so it never moves.
type Table struct {
	ranges [1 << 13][2]uint64
	top    uint64 // entries that have been used

	mu   sync.Mutex
	free []int
	at   map[uintptr]int // by begin
}

// Code is what runs only over guarded memories, and Memories where these are: whole arenas.
var Code, Memories Table

// Add is false where the table is full. What is in the range may be used once it has returned.
func (t *Table) Add(b []byte) bool {
	begin := addressOf(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	i := int(t.top)
	if n := len(t.free); n > 0 {
		i = t.free[n-1]
		t.free = t.free[:n-1]
	} else if i == len(t.ranges) {
		return false
	}
	if t.at == nil {
		t.at = map[uintptr]int{}
	}
	t.at[begin] = i
	// An entry is only read with another begin than 0, and what is between an old begin and a new end is nobody's then: the end comes first.
	atomic.StoreUint64(&t.ranges[i][1], uint64(begin)+uint64(len(b)))
	atomic.StoreUint64(&t.ranges[i][0], uint64(begin))
	if i == int(t.top) {
		atomic.StoreUint64(&t.top, uint64(i+1))
	}
	return true
}

// Remove is for a range that nobody uses any more.
func (t *Table) Remove(b []byte) {
	begin := addressOf(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.at[begin]; ok {
		delete(t.at, begin)
		atomic.StoreUint64(&t.ranges[i][0], 0)
		t.free = append(t.free, i)
	}
}

func addressOf(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// Has is what the handler does.
func (t *Table) Has(address uintptr) bool {
	for i := range atomic.LoadUint64(&t.top) {
		begin := atomic.LoadUint64(&t.ranges[i][0])
		if begin != 0 && begin <= uint64(address) && uint64(address) < atomic.LoadUint64(&t.ranges[i][1]) {
			return true
		}
	}
	return false
}

// HasRoom: Add would not fail, were nobody else to come first.
func (t *Table) HasRoom() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.free) > 0 || int(t.top) < len(t.ranges)
}

// Addresses is for the handler: of the pairs, and of how many there are.
func (t *Table) Addresses() (ranges, top uintptr) {
	return uintptr(unsafe.Pointer(&t.ranges)), uintptr(unsafe.Pointer(&t.top))
}

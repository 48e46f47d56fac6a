//go:build linux && amd64

package arena_test

import (
	"runtime/debug"
	"testing"
	"unsafe"

	"wazeronode/arena"
	"wazeronode/guard"
)

// faults tells whether a read there does, in a range of the handler's.
func faults(address uintptr) (faulted bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { faulted = recover() != nil }()
	_ = *(*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address)))
	return
}

func wantEnd(t *testing.T, m *arena.Memory) {
	t.Helper()
	size := uintptr(len(m.Bytes()))
	for _, at := range []uintptr{size, size + 1, size + page, 4<<30 - 1, 4 << 30, 8<<30 - 1, 8<<30 + 14} {
		if at >= size && (!faults(m.Base()+at) || !guard.Memories.Has(m.Base()+at)) {
			t.Errorf("byte %#x behind a memory of %#x can be read, or is not in a range", at, size)
		}
	}
	if size > 0 && (faults(m.Base()) || faults(m.Base()+size-1)) {
		t.Errorf("a memory of %#x cannot be read", size)
	}
}

func newGuarded(t *testing.T, pages uint64, image *arena.Image) *arena.Memory {
	t.Helper()
	if !arena.CanGuard() {
		t.Skip("address space is limited")
	}
	reserved := arena.Guard(pages * page)
	if reserved == nil {
		t.Fatal("no range")
	}
	m := arena.New(arena.NewBudget(0), pages*page, 65536*page, arena.Options{Guarded: reserved, Image: image})
	m.Reallocate(pages * page)
	if !m.IsGuarded() {
		t.Error("it is not guarded")
	}
	t.Cleanup(func() { close(m) })
	return m
}

func TestGuarded(t *testing.T) {
	for _, pages := range []uint64{0, 1, 2, 65536} {
		m := newGuarded(t, pages, nil)
		wantEnd(t, m)
		base := m.Base()
		for _, more := range []uint64{1, 3, 65536} {
			if more < pages {
				continue
			}
			if m.Reallocate(more*page) == nil || m.Base() != base {
				t.Fatal("it moved, or did not grow")
			}
			wantEnd(t, m)
		}
		m.Bytes()[len(m.Bytes())-1] = 7
		close(m)
		if !faults(base) {
			t.Error("a free range can be read")
		}
		next := newGuarded(t, 2, nil)
		if next.Base() != base {
			t.Error("the range is not used again")
		}
		wantEnd(t, next)
		if next.Reallocate(65536 * page)[65536*page-1] != 0 {
			t.Error("the next tenant sees the last one's bytes")
		}
		close(next)
	}
}

func TestGuardedRestore(t *testing.T) {
	contents := make([]byte, 2*page)
	fill(contents)
	image, err := arena.NewImage(arena.NewBudget(0), contents, func() bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer image.Release()
	for _, pinned := range []bool{false, true} {
		m := newGuarded(t, 2, image)
		wantEnd(t, m)
		b := m.Reallocate(5 * page)
		fill(b)
		var p *arena.Pin
		if pinned {
			p = m.Pin()
		}
		if restored := m.Restore(); string(restored) != string(contents) {
			t.Fatal("it does not begin with the image")
		}
		wantEnd(t, m)
		if grown := m.Reallocate(5 * page); !isZero(grown[2*page:]) {
			t.Error("what is behind the image is not zero")
		}
		if pinned {
			if faults(base(p.Bytes)) {
				t.Error("what is pinned cannot be read")
			}
			p.Unpin()
		}
		close(m)
	}
}

func TestReservationGoesBack(t *testing.T) {
	if !arena.CanGuard() {
		t.Skip("address space is limited")
	}
	before := arena.Stats().Ranges
	for range 3 {
		arena.Guard(page).Release()
		m := arena.New(arena.NewBudget(0), page, page, arena.Options{Guarded: arena.Guard(page)})
		close(m) // wazero has never asked for a byte
	}
	if after := arena.Stats().Ranges; after != before {
		t.Errorf("%d ranges, want %d", after, before)
	}
}

package arena_test

import (
	"bytes"
	"context"
	"math/rand"
	"os"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/arena"
)

const page = 1 << 16

// wazero's own interface is what New has to fit.
var _ experimental.LinearMemory = (*arena.Memory)(nil)

func newMemory(t *testing.T, budget *arena.Budget, pages, maxPages uint64) *arena.Memory {
	t.Helper()
	m := arena.New(budget, pages*page, maxPages*page, arena.Options{})
	m.Reallocate(pages * page)
	t.Cleanup(func() { close(m) })
	return m
}

func close(m *arena.Memory) {
	m.Free()
	m.Release()
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func fill(b []byte) {
	for i := range b {
		b[i] = byte(i>>8) | 1
	}
}

func base(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

func TestGrowKeepsContents(t *testing.T) {
	m := newMemory(t, arena.NewBudget(0), 1, 8192)
	fill(m.Bytes())
	want := bytes.Clone(m.Bytes())
	bases := map[uintptr]bool{m.Base(): true}
	generation := m.Generation()
	for _, pages := range []uint64{2, 3, 16, 17, 256, 257, 4096, 4097} { // over each border of a class up to 256 MiB
		b := m.Reallocate(pages * page)
		if uint64(len(b)) != pages*page || cap(b) != len(b) {
			t.Fatalf("%d pages: length %d, capacity %d", pages, len(b), cap(b))
		}
		if !bytes.Equal(b[:page], want) || !isZero(b[page:min(len(b), 1<<20)]) || !isZero(b[len(b)-page:]) {
			t.Fatalf("%d pages: contents changed", pages)
		}
		if m.Generation() == generation {
			t.Errorf("%d pages: same generation", pages)
		}
		generation = m.Generation()
		bases[m.Base()] = true
		if base(b) != m.Base() || &b[0] != &m.Bytes()[0] {
			t.Error("Base and Bytes are not what Reallocate returned")
		}
	}
	if len(bases) != 5 {
		t.Errorf("%d bases, want one a class", len(bases))
	}
}

func TestMaximum(t *testing.T) {
	budget := arena.NewBudget(0)
	m := arena.New(budget, page, 100*page, arena.Options{Max: 3 * page})
	defer close(m)
	m.Reallocate(page)
	if m.Reallocate(4*page) != nil {
		t.Error("grew over Options.Max")
	}
	if m.Reallocate(3*page) == nil {
		t.Error("did not grow to Options.Max")
	}
	if budget.Used() != 3*page {
		t.Errorf("%d bytes used", budget.Used())
	}
}

func TestBudget(t *testing.T) {
	budget := arena.NewBudget(10 * page)
	a, b := newMemory(t, budget, 4, 100), newMemory(t, budget, 4, 100)
	if a.Reallocate(7*page) != nil {
		t.Error("grew over the budget")
	}
	if a.Reallocate(6*page) == nil || budget.Used() != 10*page {
		t.Errorf("did not grow to the budget: %d used", budget.Used())
	}
	b.Free()
	if budget.Used() != 10*page {
		t.Error("a request to free gave bytes back")
	}
	b.Release()
	if budget.Used() != 6*page {
		t.Errorf("%d used after close", budget.Used())
	}
	if a.Reallocate(10*page) == nil {
		t.Error("the bytes of a closed memory are not there for others")
	}

	for _, c := range []struct {
		limit   string
		options arena.Options
	}{{"totalMemoryBytes", arena.Options{}}, {"memoryPages", arena.Options{Max: page}}} {
		m := arena.New(budget, 2*page, 2*page, c.options)
		func() {
			defer func() {
				e, ok := recover().(*arena.LimitError)
				if !ok || e.Limit != c.limit || !strings.Contains(e.Message, c.limit) {
					t.Errorf("panicked with %v", e)
				}
			}()
			m.Reallocate(2 * page)
			t.Error("a minimum over the limit passed")
		}()
		close(m)
	}
	if budget.Used() != 10*page {
		t.Errorf("%d used after refusals", budget.Used())
	}
}

func TestShared(t *testing.T) {
	m := arena.New(arena.NewBudget(0), page, 5000*page, arena.Options{Shared: true})
	defer close(m)
	first := base(m.Reallocate(page))
	for _, pages := range []uint64{2, 100, 5000} {
		if base(m.Reallocate(pages*page)) != first {
			t.Fatal("a shared memory moved")
		}
	}
}

// A range comes back only after Free, Release and the last Unpin, in any order, and then it is zero.
func TestReuse(t *testing.T) {
	steps := map[string]func(*arena.Memory, *arena.Pin){
		"free":    func(m *arena.Memory, _ *arena.Pin) { m.Free(); m.Free() },
		"release": func(m *arena.Memory, _ *arena.Pin) { m.Release(); m.Release() },
		"unpin":   func(_ *arena.Memory, p *arena.Pin) { p.Unpin(); p.Unpin() },
	}
	for _, order := range [][]string{
		{"free", "release", "unpin"}, {"free", "unpin", "release"}, {"release", "free", "unpin"},
		{"release", "unpin", "free"}, {"unpin", "free", "release"}, {"unpin", "release", "free"},
	} {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			before := arena.Stats()
			budget := arena.NewBudget(0)
			m := arena.New(budget, 2*page, 16*page, arena.Options{})
			m.Reallocate(2 * page)
			p := m.Pin()
			fill(p.Bytes)
			was := m.Base()
			for i, step := range order {
				other := newMemory(t, budget, 2, 16)
				if other.Base() == was {
					t.Fatalf("range used again before %v", order[i:])
				}
				steps[step](m, p)
			}
			again := newMemory(t, budget, 2, 16)
			if again.Base() != was {
				t.Error("range not used again")
			}
			if !isZero(again.Bytes()) {
				t.Error("the next tenant sees the last one's bytes")
			}
			if n := arena.Stats().Quarantined; n != before.Quarantined {
				t.Errorf("%d ranges left in quarantine", n)
			}
		})
	}
}

func TestQuarantine(t *testing.T) {
	m := newMemory(t, arena.NewBudget(0), 2, 16)
	fill(m.Bytes())
	p := m.Pin()
	was := m.Base()
	before := arena.Stats().Quarantined
	close(m)
	if m.Bytes() != nil || m.Base() != 0 || m.Pin() != nil || m.Reallocate(page) != nil {
		t.Error("a released memory can be reached")
	}
	if got := arena.Stats().Quarantined; got != before+1 {
		t.Errorf("%d in quarantine, want %d", got, before+1)
	}
	if !isZero(p.Bytes) {
		t.Error("a pin outlives the contents")
	}
	fill(p.Bytes) // a read of Node's thread pool that was in flight
	p.Unpin()
	next := newMemory(t, arena.NewBudget(0), 2, 16)
	if next.Base() != was || !isZero(next.Bytes()) {
		t.Errorf("base %x, want %x, all zero", next.Base(), was)
	}
}

// The range that a growing memory moved away from stays nobody's until the frame is over and no pin is left.
func TestMovedFrom(t *testing.T) {
	for _, pinned := range []bool{false, true} {
		m := newMemory(t, arena.NewBudget(0), 2, 64)
		fill(m.Bytes())
		old := m.Base()
		var p *arena.Pin
		if pinned {
			p = m.Pin()
		}
		m.Reallocate(20 * page)
		taken := func() bool {
			other := arena.New(arena.NewBudget(0), 2*page, 2*page, arena.Options{})
			other.Reallocate(2 * page)
			defer close(other)
			return other.Base() == old
		}
		if taken() {
			t.Fatal("range used again while a frame may be on it")
		}
		m.Rest()
		if pinned {
			if taken() {
				t.Fatal("range used again under a pin")
			}
			p.Unpin()
		}
		if !taken() {
			t.Error("range not used again")
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	budget := arena.NewBudget(0)
	before := arena.Stats()
	seen := map[uintptr]*arena.Memory{}
	for i := range 2000 {
		m := arena.New(budget, page, 16*page, arena.Options{})
		b := m.Reallocate(page)
		if !isZero(b) || seen[m.Base()] != nil {
			t.Fatalf("memory %d is not its own", i)
		}
		b[0], b[page-1] = 1, 1
		seen[m.Base()] = m
	}
	if s := arena.Stats(); s.Memories-before.Memories != 2000 || s.Bytes-before.Bytes != 2000*page || s.Ranges-before.Ranges != 2000 {
		t.Errorf("got %+v after %+v", s, before)
	}
	for _, m := range seen {
		close(m)
	}
	if s := arena.Stats(); s.Memories != before.Memories || s.Bytes != before.Bytes || s.Ranges != before.Ranges || budget.Used() != 0 {
		t.Errorf("got %+v after %+v", s, before)
	}
}

// Goroutines grow, pin and close memories at random: no two ever hold the same bytes, and each new one is zero.
func TestConcurrently(t *testing.T) {
	budget := arena.NewBudget(64 << 20)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewSource(int64(worker)))
			var late []*arena.Pin
			for range 300 {
				m := arena.New(budget, page, 64*page, arena.Options{})
				b := m.Reallocate(page)
				if !isZero(b) {
					t.Error("a new memory is not zero")
				}
				mark := byte(worker + 1)
				b[7] = mark
				pages := uint64(1)
				for range random.Intn(4) {
					if random.Intn(2) == 0 {
						late = append(late, m.Pin())
					}
					pages += uint64(random.Intn(10))
					if grown := m.Reallocate(pages * page); grown != nil {
						b = grown
					}
					m.Rest()
				}
				if b[7] != mark {
					t.Error("somebody else wrote here")
				}
				close(m)
				for len(late) > 3 {
					late[0].Bytes[7] = 9
					late[0].Unpin()
					late = late[1:]
				}
			}
			for _, p := range late {
				p.Unpin()
			}
		})
	}
	all.Wait()
	if budget.Used() != 0 {
		t.Errorf("%d bytes still used", budget.Used())
	}
}

// A move copies what is there and touches nothing else.
func TestMoveLeavesEmptyPagesAlone(t *testing.T) {
	m := newMemory(t, arena.NewBudget(0), 16, 8192)
	m.Bytes()[5] = 5
	m.Reallocate(256 * page)
	before := residentBytes(t)
	b := m.Reallocate(4096 * page) // 16 MiB of which one page is used
	if b[5] != 5 {
		t.Fatal("contents lost")
	}
	if grown := residentBytes(t) - before; grown > 8<<20 {
		t.Errorf("the move made %d bytes resident", grown)
	}
}

func residentBytes(t *testing.T) int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	pages := 0
	for _, c := range bytes.Fields(statm)[1] {
		pages = pages*10 + int(c-'0')
	}
	return pages * os.Getpagesize()
}

// Through wazero: a guest that grows over a class border and reads what it wrote before.
func TestWithWazero(t *testing.T) {
	// (memory (export "m") 1 8192) (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
	// (func (export "load") (param i32) (result i32) local.get 0 i32.load)
	guest := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x06\x01\x60\x01\x7f\x01\x7f" + "\x03\x03\x02\x00\x00" + "\x05\x05\x01\x01\x01\x80\x40" +
		"\x07\x13\x03\x01m\x02\x00\x04grow\x00\x00\x04load\x00\x01" + "\x0a\x10\x02\x06\x00\x20\x00\x40\x00\x0b\x07\x00\x20\x00\x28\x02\x00\x0b")
	ctx := context.Background()
	budget := arena.NewBudget(4 << 20)
	var memory *arena.Memory
	allocating := experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(capacity, maximum uint64) experimental.LinearMemory {
		memory = arena.New(budget, capacity, maximum, arena.Options{})
		return memory
	}))
	runtime := wazero.NewRuntime(ctx)
	defer runtime.Close(ctx)
	module, err := runtime.Instantiate(allocating, guest)
	if err != nil {
		t.Fatal(err)
	}
	memory.Bytes()[8] = 42
	call := func(name string, argument, want uint64) {
		t.Helper()
		got, err := module.ExportedFunction(name).Call(ctx, argument)
		if err != nil || got[0] != want {
			t.Errorf("%s(%d) = %v, %v, want %d", name, argument, got, err, want)
		}
	}
	call("grow", 5, 1)
	call("grow", 20, 6)
	call("load", 8, 42)
	call("grow", 100, 1<<32-1) // over the budget
	call("load", 26*page-4, 0)
	module.Close(ctx)
	if memory.Base() == 0 {
		t.Error("wazero's Free ended the memory while a frame may be on it")
	}
	memory.Release()
	if budget.Used() != 0 {
		t.Errorf("%d bytes still used", budget.Used())
	}
}

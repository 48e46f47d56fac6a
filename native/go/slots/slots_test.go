package slots

import (
	"testing"
	"time"
)

// testGuest is of a share, and stops when its channel is closed.
type testGuest struct {
	of      *Share
	stopped chan struct{}
}

func (g *testGuest) Share() *Share            { return g.of }
func (g *testGuest) Stopped() <-chan struct{} { return g.stopped }
func (g *testGuest) Interrupt()               {}

func guestOf(s *Share) *testGuest { return &testGuest{s, make(chan struct{})} }

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain: ", what)
		}
	}
}

// whoIsNext lets each of the waiters wait in a pool of one slot, in order, and says in which order they get it.
func whoIsNext(t *testing.T, waiters []queued) string {
	t.Helper()
	p := NewPool(1)
	holder := guestOf(&Share{})
	if !p.Acquire(holder, false) {
		t.Fatal("no slot for the first")
	}
	order := make(chan string, len(waiters))
	waiting := func() (n int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, s := range p.turns.shares {
			n += s.fresh.Len() + s.resumed.Len()
		}
		return n
	}
	for i, w := range waiters {
		go func() {
			f := guestOf(w.of)
			if p.Acquire(f, w.resumed) {
				order <- w.name
				p.Release(f)
			}
		}()
		waitFor(t, "it waits", func() bool { return waiting() == i+1 })
	}
	p.Release(holder)
	all := ""
	for range waiters {
		all += <-order
	}
	waitFor(t, "all slots are free", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.used == 0 && len(p.running) == 0 })
	return all
}

type queued struct {
	name    string
	of      *Share
	resumed bool
}

func TestWhoResumesGoesBeforeWhoBeginsEachSecondTime(t *testing.T) {
	rt := &Share{}
	order := whoIsNext(t, []queued{{"f", rt, false}, {"g", rt, false}, {"r", rt, true}, {"s", rt, true}, {"t", rt, true}, {"u", rt, true}})
	if order != "rfsgtu" {
		t.Fatal("order: ", order)
	}
}

func TestSharesTakeTurns(t *testing.T) {
	a, b, c := &Share{}, &Share{}, &Share{}
	order := whoIsNext(t, []queued{{"a", a, true}, {"a", a, true}, {"a", a, false}, {"a", a, false}, {"b", b, false}, {"b", b, false}, {"c", c, false}})
	if order != "abcabaa" && order != "acbabaa" {
		t.Fatal("order: ", order)
	}
}

func TestWhoWasServedLongestAgoIsNext(t *testing.T) {
	p := &turns{}
	a, b := guestOf(&Share{}), guestOf(&Share{})
	p.served(b.Share())
	p.served(a.Share())
	p.add(&waiter{guest: a}, true)
	p.add(&waiter{guest: b}, false)
	if p.next().guest != Guest(b) {
		t.Fatal("who was served last goes first because it came first")
	}
}

func TestAStoppedGuestWaitsNoLonger(t *testing.T) {
	p := NewPool(1)
	holder, stopped := guestOf(&Share{}), guestOf(&Share{})
	p.Acquire(holder, false)
	got := make(chan bool)
	go func() { got <- p.Acquire(stopped, false) }()
	waitFor(t, "it waits", func() bool { return p.waits() })
	close(stopped.stopped)
	if <-got {
		t.Fatal("a stopped guest got the slot")
	}
	p.Release(holder)
	if p.used != 0 || p.waits() {
		t.Fatalf("used %d, waiting %v", p.used, p.waits())
	}
}

func (p *Pool) waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.turns.Len() > 0
}

package slots

import (
	"sync/atomic"
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
	var clock atomic.Int64 // each runs for a slice
	p.now = func() time.Time { return time.Unix(0, clock.Load()) }
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
				clock.Add(int64(slice))
				order <- w.name
				p.Release(f, slice)
			}
		}()
		waitFor(t, "it waits", func() bool { return waiting() == i+1 })
	}
	p.Release(holder, slice)
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
	p.Release(holder, slice)
	if p.used != 0 || p.waits() {
		t.Fatalf("used %d, waiting %v", p.used, p.waits())
	}
}

func (p *Pool) waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.turns.Len() > 0
}

// timesOf lets guests of each share that never end by themselves run in a pool of two slots, slice after slice, and says what each share ran.
func timesOf(shares []*Share, slices int) map[*Share]time.Duration {
	p := NewPool(2)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	p.ticking = true // no clock of its own
	ran := map[*Share]time.Duration{}
	var all []*testGuest
	for range 20 {
		for _, s := range shares {
			g := guestOf(s)
			all = append(all, g)
			if !p.Try(g) {
				p.turns.add(&waiter{ready: make(chan struct{}), guest: g}, false)
			}
		}
	}
	for range slices {
		now = now.Add(slice)
		for _, g := range all {
			if r := p.running[g]; r != nil && now.Sub(r.since) >= slice {
				ran[g.of] += now.Sub(r.since)
				p.turns.add(&waiter{ready: make(chan struct{}), guest: g}, false)
				p.drop(g, slice)
			}
		}
	}
	return ran
}

func TestSharesAreOfWeight(t *testing.T) {
	a, b, c := &Share{}, &Share{}, &Share{}
	a.SetWeight(3)
	c.SetWeight(0.5)
	ran := timesOf([]*Share{a, b, c}, 4500)
	for s, want := range map[*Share]time.Duration{a: 3, b: 1} {
		if got := float64(ran[s]) / float64(ran[c]) / float64(2*want); got < 0.98 || got > 1.02 {
			t.Errorf("%v beside %v: %v of what it should have", ran[s], ran[c], got)
		}
	}
}

func TestWhoRanLittleIsNotKeptWaiting(t *testing.T) {
	p := NewPool(1)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	p.ticking = true
	long, short := guestOf(&Share{}), guestOf(&Share{})
	p.take(long)
	p.turns.add(&waiter{ready: make(chan struct{}), guest: short}, false)
	p.interrupt()
	if p.Over(long) {
		t.Fatal("it has hardly begun")
	}
	now = now.Add(leastRun)
	p.interrupt()
	if !p.Over(long) {
		t.Fatal("it keeps its slot for a whole slice")
	}
}

func TestWhoWasIdleSavesNothingUp(t *testing.T) {
	p := &turns{}
	a, b := &Share{}, &Share{}
	for range 100 {
		p.served(a)
		p.ran(a, slice)
	}
	p.add(&waiter{guest: guestOf(b)}, false)
	if b.time < 98*slice {
		t.Fatal("it would run alone for as long as the other has: ", b.time)
	}
}

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func testFrame() *frame { return frameIn(&runtimeState{}) }

func frameIn(rt *runtimeState) *frame {
	f := &frame{lane: laneAsync, env: &env{frames: map[uint64]*frame{}}, group: &group{}, module: &moduleState{rt: rt}}
	f.control = newControl(f)
	return f
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain: ", what)
		}
	}
}

// whoIsNext lets each of the waiters wait in a pool of one slot, in order, and says in which order they get it.
func whoIsNext(t *testing.T, waiters []waiter) string {
	t.Helper()
	p := &slotPool{limit: 1, running: map[*frame]struct{}{}}
	holder := testFrame()
	if !p.acquire(holder, false) {
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
			f := frameIn(w.rt)
			if p.acquire(f, w.resumed) {
				order <- w.name
				p.release(f)
			}
		}()
		waitFor(t, "it waits", func() bool { return waiting() == i+1 })
	}
	p.release(holder)
	all := ""
	for range waiters {
		all += <-order
	}
	waitFor(t, "all slots are free", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.used == 0 && len(p.running) == 0 })
	return all
}

type waiter struct {
	name    string
	rt      *runtimeState
	resumed bool
}

func TestWhoResumesGoesBeforeWhoBeginsEachSecondTime(t *testing.T) {
	rt := &runtimeState{}
	order := whoIsNext(t, []waiter{{"f", rt, false}, {"g", rt, false}, {"r", rt, true}, {"s", rt, true}, {"t", rt, true}, {"u", rt, true}})
	if order != "rfsgtu" {
		t.Fatal("order: ", order)
	}
}

func TestRuntimesTakeTurns(t *testing.T) {
	a, b, c := &runtimeState{}, &runtimeState{}, &runtimeState{}
	order := whoIsNext(t, []waiter{{"a", a, true}, {"a", a, true}, {"a", a, false}, {"a", a, false}, {"b", b, false}, {"b", b, false}, {"c", c, false}})
	if order != "abcabaa" && order != "acbabaa" {
		t.Fatal("order: ", order)
	}
}

func TestWhoWasServedLongestAgoIsNext(t *testing.T) {
	p := &turns{}
	a, b := frameIn(&runtimeState{}), frameIn(&runtimeState{})
	p.served(b.share())
	p.served(a.share())
	p.add(&slotWaiter{frame: a}, true)
	p.add(&slotWaiter{frame: b}, false)
	if p.next().frame != b {
		t.Fatal("who was served last goes first because it came first")
	}
}

func TestAStoppedFrameWaitsNoLonger(t *testing.T) {
	p := &slotPool{limit: 1, running: map[*frame]struct{}{}}
	holder, waiter := testFrame(), testFrame()
	p.acquire(holder, false)
	got := make(chan bool)
	go func() { got <- p.acquire(waiter, false) }()
	waitFor(t, "it waits", func() bool { return p.waiting() })
	waiter.stopSelf(stopWord(stopAbort, 0))
	if <-got {
		t.Fatal("a stopped frame got the slot")
	}
	p.release(holder)
	if p.used != 0 || p.waiting() {
		t.Fatalf("used %d, waiting %v", p.used, p.waiting())
	}
}

func TestAStopReachesTheFramesAbove(t *testing.T) {
	g := &group{}
	below, above := testFrame(), testFrame()
	below.group, above.group = g, g
	below.push()
	above.push()
	below.stopAll(stopWord(stopTimeout, 0))
	if above.stop.Load() == 0 {
		t.Fatal("the frame above runs on")
	}
	above.pop()
	below.pop()
	if g.top.Load() != nil {
		t.Fatal("the group is not at rest")
	}
	late := testFrame()
	late.group = g
	below.push()
	late.push()
	if late.stop.Load() == 0 {
		t.Fatal("a frame above a stopped one runs")
	}
}

// Found by the model of operations: whoever began to wait while the frame was being stopped closed the channel, and the stop did it again.
func TestAFrameThatIsStoppedWhileItBeginsToWait(t *testing.T) {
	for range 100_000 {
		f := testFrame()
		var both sync.WaitGroup
		var ready atomic.Int32
		together := func(do func()) {
			both.Go(func() {
				for ready.Add(1); ready.Load() < 2; {
					runtime.Gosched()
				}
				do()
			})
		}
		together(func() { <-f.stopped() })
		together(func() { f.stopSelf(stopWord(stopAbort, 0)) })
		both.Wait()
	}
}

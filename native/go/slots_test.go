package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func testFrame() *frame {
	f := &frame{lane: laneAsync, env: &env{frames: map[uint64]*frame{}}, group: &group{}, module: &moduleState{}}
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

func TestWhoResumesGoesBeforeWhoBegins(t *testing.T) {
	p := &slotPool{limit: 1, running: map[*frame]struct{}{}}
	holder := testFrame()
	if !p.acquire(holder, false) {
		t.Fatal("no slot for the first")
	}
	order := make(chan string, 2)
	take := func(name string, resumed bool) {
		f := testFrame()
		if p.acquire(f, resumed) {
			order <- name
			p.release(f)
		}
	}
	go take("fresh", false)
	waitFor(t, "the fresh one waits", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.fresh) == 1 })
	go take("resumed", true)
	waitFor(t, "the resumed one waits", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.resumed) == 1 })
	p.release(holder)
	if first, second := <-order, <-order; first != "resumed" || second != "fresh" {
		t.Fatalf("order: %s, %s", first, second)
	}
	waitFor(t, "all slots are free", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.used == 0 && len(p.running) == 0 })
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

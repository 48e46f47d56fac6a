package main

import (
	"container/list"
	"os"
	"runtime"
	"sync"
	"time"

	"wazeronode/blocking"
)

// slice is how long a guest may run while others wait for a slot.
const slice = 10 * time.Millisecond

// slotPool bounds how many guests of asynchronous calls run at once in this process; with edit E1 each running guest is one OS
// thread. No slot is held across a wait. Whose turn it is: turns.go.
type slotPool struct {
	mu      sync.Mutex
	limit   int
	used    int
	turns   turns
	running map[*frame]struct{} // holders, for the slice clock
	ticking bool
}

type slotWaiter struct {
	ready chan struct{} // closed when the slot is given
	frame *frame
	given bool
	line  *list.List // that it waits in, and where
	at    *list.Element
}

var slots = slotPool{limit: defaultSlots(), running: map[*frame]struct{}{}}

// threads is the most that Go may need beside those that it starts with: one for each of its processors, each guest that runs, each
// system call that may take long, the poller of standard streams, and one more.
func (p *slotPool) threads() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return runtime.GOMAXPROCS(0) + p.limit + blocking.Threads() + 2
}

func (p *slotPool) setLimit(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = max(1, n)
	p.hand()
}

// acquire waits for a slot; false when the frame was stopped first (then it holds none). resumed: it comes back from a wait.
func (p *slotPool) acquire(f *frame, resumed bool) bool {
	p.mu.Lock()
	if p.used < p.limit && p.turns.Len() == 0 {
		p.take(f)
		p.mu.Unlock()
		return true
	}
	w := &slotWaiter{ready: make(chan struct{}), frame: f}
	p.turns.add(w, resumed)
	p.startClock()
	p.mu.Unlock()
	select {
	case <-w.ready:
		return true
	case <-f.stopped():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.given { // both happened: the slot goes on to the next
		p.drop(f)
	} else {
		p.turns.remove(w)
	}
	return false
}

func (p *slotPool) release(f *frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(f)
}

func (p *slotPool) take(f *frame) {
	p.used++
	p.turns.served(f.share())
	f.sliceStart.Store(time.Now().UnixNano())
	p.running[f] = struct{}{}
}

func (p *slotPool) drop(f *frame) {
	p.used--
	delete(p.running, f)
	p.hand()
}

// hold takes a slot, whether there is one or not, for a guest that runs on the thread of C++ and cannot be interrupted.
func (p *slotPool) hold(is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if is {
		p.used++
	} else {
		p.used--
		p.hand()
	}
}

// hand gives free slots to those who wait; mu is held.
func (p *slotPool) hand() {
	for p.used < p.limit {
		w := p.turns.next()
		if w == nil {
			return
		}
		w.given = true
		p.take(w.frame)
		close(w.ready)
	}
}

func (p *slotPool) waiting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.turns.Len() > 0
}

// startClock runs one goroutine while somebody waits: it interrupts those who ran for a slice. mu is held.
func (p *slotPool) startClock() {
	if p.ticking {
		return
	}
	p.ticking = true
	go func() {
		for {
			time.Sleep(slice / 2)
			p.mu.Lock()
			if p.turns.Len() == 0 {
				p.ticking = false
				p.mu.Unlock()
				return
			}
			now := time.Now().UnixNano()
			for f := range p.running {
				if now-f.sliceStart.Load() >= int64(slice) {
					f.control.interrupt()
				}
			}
			p.mu.Unlock()
		}
	}()
}

// processors is how many the process may use.
func processors() int { return processorCount }

// processorCount also gives Go two processors of its own more than there are: each short call of a JS thread needs one at once, and
// compilations, interpreted guests and the collector take what there is for 10 ms at a time (a call was late by up to 140 ms).
var processorCount = func() int {
	n := runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(n + 2)
	}
	return n
}()

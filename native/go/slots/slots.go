// Package slots says who may run: it bounds how many guests of asynchronous calls run at once in this process, and whose turn it is. It knows guests
// only as Guest; frames are such. One mutex, that of the pool, guards all of it, and nothing is called with it held but a guest's Share and Interrupt.
package slots

import (
	"container/list"
	"os"
	"runtime"
	"sync"
	"time"

	"wazeronode/blocking"
)

// Guest is what takes a slot: a frame.
type Guest interface {
	Share() *Share
	// Stopped is closed when it will not run any more.
	Stopped() <-chan struct{}
	// Interrupt has it look soon whether its slice is over.
	Interrupt()
}

// slice is how long a guest may run while others wait for a slot.
const slice = 10 * time.Millisecond

// Pool bounds how many guests of asynchronous calls run at once in this process; with edit E1 each running guest is one OS
// thread. No slot is held across a wait. Whose turn it is: turns.go.
type Pool struct {
	mu      sync.Mutex
	limit   int
	used    int
	turns   turns
	running map[Guest]time.Time // holders, since when: for the slice clock
	ticking bool
}

type waiter struct {
	ready chan struct{} // closed when the slot is given
	guest Guest
	given bool
	line  *list.List // that it waits in, and where
	at    *list.Element
}

// NewPool is a pool of so many slots.
func NewPool(limit int) *Pool { return &Pool{limit: limit, running: map[Guest]time.Time{}} }

// Threads is the most that Go may need beside those that it starts with: one for each of its processors, each guest that runs, each
// system call that may take long, the poller of standard streams, and one more.
func (p *Pool) Threads() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return runtime.GOMAXPROCS(0) + p.limit + blocking.Threads() + 2
}

// SetLimit changes how many may run.
func (p *Pool) SetLimit(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = max(1, n)
	p.hand()
}

// Acquire waits for a slot; false when the frame was stopped first (then it holds none). resumed: it comes back from a wait.
func (p *Pool) Acquire(f Guest, resumed bool) bool {
	p.mu.Lock()
	if p.used < p.limit && p.turns.Len() == 0 {
		p.take(f)
		p.mu.Unlock()
		return true
	}
	w := &waiter{ready: make(chan struct{}), guest: f}
	p.turns.add(w, resumed)
	p.startClock()
	p.mu.Unlock()
	select {
	case <-w.ready:
		return true
	case <-f.Stopped():
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

// Release gives it back.
func (p *Pool) Release(f Guest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(f)
}

func (p *Pool) take(f Guest) {
	p.used++
	p.turns.served(f.Share())
	p.running[f] = time.Now()
}

func (p *Pool) drop(f Guest) {
	p.used--
	delete(p.running, f)
	p.hand()
}

// Hold takes a slot, whether there is one or not, for a guest that runs on the thread of C++ and cannot be interrupted.
func (p *Pool) Hold(is bool) {
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
func (p *Pool) hand() {
	for p.used < p.limit {
		w := p.turns.next()
		if w == nil {
			return
		}
		w.given = true
		p.take(w.guest)
		close(w.ready)
	}
}

// Over: its slice is over, and others wait.
func (p *Pool) Over(f Guest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	since, runs := p.running[f]
	return runs && time.Since(since) >= slice && p.turns.Len() > 0
}

// startClock runs one goroutine while somebody waits: it interrupts those who ran for a slice. mu is held.
func (p *Pool) startClock() {
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
			for f, since := range p.running {
				if time.Since(since) >= slice {
					f.Interrupt()
				}
			}
			p.mu.Unlock()
		}
	}()
}

// Processors is how many the process may use.
func Processors() int { return processorCount }

// processorCount also gives Go two processors of its own more than there are: each short call of a JS thread needs one at once, and
// compilations, interpreted guests and the collector take what there is for 10 ms at a time (a call was late by up to 140 ms).
var processorCount = func() int {
	n := runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(n + 2)
	}
	return n
}()

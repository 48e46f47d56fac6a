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

// slice is how long a guest may run while others wait for a slot; leastRun is how long it may even if one waits that ran much less.
const (
	slice    = 10 * time.Millisecond
	leastRun = time.Millisecond
	look     = 2 * time.Millisecond // between two looks at those who run while others wait
)

// Pool bounds how many guests of asynchronous calls run at once in this process; with edit E1 each running guest is one OS
// thread. No slot is held across a wait. Whose turn it is: turns.go.
type Pool struct {
	mu      sync.Mutex
	limit   int
	used    int
	turns   turns
	running map[Guest]*run // holders
	ticking bool
	now     func() time.Time
}

// run is of one that has a slot.
type run struct {
	since time.Time
	share *Share
	over  bool // it is to give way, whatever is left of its slice
}

type waiter struct {
	ready chan struct{} // closed when the slot is given
	guest Guest
	given bool
	line  *list.List // that it waits in, and where
	at    *list.Element
}

// NewPool is a pool of so many slots.
func NewPool(limit int) *Pool { return &Pool{limit: limit, running: map[Guest]*run{}, now: time.Now} }

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

// Try takes a slot where there is one and nobody waits.
func (p *Pool) Try(f Guest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used >= p.limit || p.turns.Len() > 0 {
		return false
	}
	p.take(f)
	return true
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
	p.interrupt()
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
		p.drop(f, 0)
	} else {
		p.turns.remove(w)
	}
	return false
}

// Release gives it back; ran is what the guest has run with it.
func (p *Pool) Release(f Guest, ran time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(f, ran)
}

func (p *Pool) take(f Guest) {
	p.used++
	s := f.Share()
	p.turns.served(s)
	p.running[f] = &run{since: p.now(), share: s}
}

func (p *Pool) drop(f Guest, ran time.Duration) {
	p.used--
	p.turns.ran(p.running[f].share, ran)
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

// Over: its slice is over, and others wait; or one waits that ran much less.
func (p *Pool) Over(f Guest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.running[f]
	return r != nil && p.turns.Len() > 0 && (r.over || p.now().Sub(r.since) >= slice)
}

// interrupt has those give way who have run for long enough: a slice, or less where a share waits that had much less. mu is held.
func (p *Pool) interrupt() {
	for f, r := range p.running {
		took := p.now().Sub(r.since)
		if took >= leastRun && p.turns.ahead(r.share) {
			r.over = true
		}
		if r.over || took >= slice {
			f.Interrupt()
		}
	}
}

// startClock runs one goroutine while somebody waits: it interrupts those who ran for a slice. mu is held.
func (p *Pool) startClock() {
	if p.ticking {
		return
	}
	p.ticking = true
	go func() {
		for {
			time.Sleep(look)
			p.mu.Lock()
			if p.turns.Len() == 0 {
				p.ticking = false
				p.mu.Unlock()
				return
			}
			p.interrupt()
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

package accounts

import (
	"container/list"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// second is the window of a budget: what was not used in it is gone, what was used too much is taken from the next.
const second = time.Second

// together is how late the next window may be taken for one that follows the last: whoever waited for it needs some time to wake.
const together = second / 10

// budget is what a tenant may run. Any thread; its lock is held for no wait.
type budget struct {
	limited atomic.Bool // there is one
	mu      sync.Mutex
	each    time.Duration // of a window
	used    time.Duration // in this one, and too much in those before
	end     time.Duration // of this one, by Now; 0: none has begun
	changed chan struct{} // closed when limits change
}

// set says what a window has; NaN is no limit.
func (b *budget) set(msPerSecond float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limited.Store(!math.IsNaN(msPerSecond))
	b.each = 0
	if b.limited.Load() {
		b.each = time.Duration(msPerSecond * float64(time.Millisecond))
	}
	if b.changed != nil {
		close(b.changed)
	}
	b.changed = make(chan struct{})
}

// roll begins the next window where this one is over; mu is held.
func (b *budget) roll(now time.Duration) {
	if b.each <= 0 || now < b.end {
		return
	}
	passed := 1 + (now-b.end)/second
	if b.end == 0 {
		passed, b.used = 0, 0
	}
	b.used = max(0, b.used-min(b.used, passed*b.each))
	if b.end += passed * second; b.end <= now || b.end-now < second-together {
		b.end = now + second
	}
}

func (b *budget) spend(d time.Duration) {
	if !b.limited.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll(Now())
	b.used += d
}

// left is what there is of it beside what is being run, and how long until there is some, if there is not.
func (b *budget) left(running time.Duration) (left, wait time.Duration, has bool) {
	if !b.limited.Load() {
		return 0, 0, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := Now()
	b.roll(now)
	if left = b.each - b.used - running; left > 0 || b.each <= 0 {
		return left, 0, b.each > 0
	}
	// So many windows go by before what was used too much is paid.
	return left, b.end - now + max(0, b.used-b.each)/max(1, b.each)*second, true
}

// BudgetLeft is what each of its guests may run before it is asked again; has is false where nothing limits them.
func (t *Tenant) BudgetLeft() (left time.Duration, has bool) {
	left, _, has = t.left()
	if running := t.running.Load(); running > 1 && left > 0 {
		left = max(left/time.Duration(running), 1)
	}
	return min(left, mostUntold), has
}

// mostUntold is how long a guest runs before it is charged: what it ran in one second is not for the next.
const mostUntold = second / 20

// left is that of the budget without what is being run. C++ is told whether there is some.
func (t *Tenant) left() (left, wait time.Duration, has bool) {
	running := time.Duration(0)
	if n := t.running.Load(); n > 0 && t.budget.limited.Load() {
		running = time.Duration(max(0, n*int64(Now())-t.beginnings.Load()))
	}
	left, wait, has = t.budget.left(running)
	word := uint64(0)
	if t.calls.limited.Load() || has && left <= 0 {
		word = 1
	}
	if atomic.LoadUint64(&t.Native.Hold) != word {
		atomic.StoreUint64(&t.Native.Hold, word)
	}
	return left, wait, has
}

// AwaitBudget waits until there is some; false where the channel was closed before.
func (t *Tenant) AwaitBudget(stop <-chan struct{}) bool {
	for {
		left, wait, has := t.left()
		if !has || left > 0 {
			return true
		}
		t.budget.mu.Lock()
		changed := t.budget.changed
		t.budget.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-stop:
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}

// Spend is for what was run.
func (t *Tenant) Spend(d time.Duration) {
	t.budget.spend(d)
	t.left()
}

// concurrency is how many calls of a tenant may run, in the order in which they came.
type concurrency struct {
	limited atomic.Bool
	mu      sync.Mutex
	most    uint64
	running uint64
	waiting list.List // of chan struct{}: closed when it may run, and is counted
}

func (c *concurrency) set(most uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limited.Store(most != unlimited)
	c.most = most
	c.hand()
}

// hand admits those that wait; mu is held.
func (c *concurrency) hand() {
	for c.running < c.most && c.waiting.Len() > 0 {
		c.running++
		close(c.waiting.Remove(c.waiting.Front()).(chan struct{}))
	}
}

// LimitsCalls is whether calls are to ask. Those that have not are not counted when it begins to.
func (t *Tenant) LimitsCalls() bool { return t.calls.limited.Load() }

// Ticket is a call's place among those that run, or that wait for it.
type Ticket struct {
	ready chan struct{} // nil: it runs
	at    *list.Element
}

// Queue gives one more call its place; the name of a limit where it may not, or cannot, wait.
func (t *Tenant) Queue(mayWait bool) (ticket *Ticket, limit string) {
	c := &t.calls
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running < c.most && c.waiting.Len() == 0 {
		c.running++
		return &Ticket{}, ""
	}
	if !mayWait {
		return nil, "tenant.concurrentCalls"
	}
	if most := t.mostQueued.Load(); most != unlimited && uint64(max(0, t.queued.Load()))+uint64(c.waiting.Len()) >= most {
		return nil, "tenant.queuedCalls"
	}
	ticket = &Ticket{ready: make(chan struct{})}
	ticket.at = c.waiting.PushBack(ticket.ready)
	return ticket, ""
}

// Waits is whether its turn has not come.
func (k *Ticket) Waits() bool {
	select {
	case <-k.ready:
		return false
	default:
		return k.ready != nil
	}
}

// Await waits until its turn has come, or until stop is closed.
func (k *Ticket) Await(stop <-chan struct{}) {
	select {
	case <-k.ready:
	case <-stop:
	}
}

// Leave is the end of the call, whether it has run or not. Once.
func (t *Tenant) Leave(k *Ticket) {
	c := &t.calls
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.Waits() {
		c.waiting.Remove(k.at)
		return
	}
	c.running--
	c.hand()
}

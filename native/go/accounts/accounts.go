// Package accounts counts what instances use, each for itself and for its tenant, and says what a tenant may. What is counted often is counted in the
// instance alone, without a lock; a tenant's sum is made when somebody asks. What has a limit is counted in both at once.
//
// Locks: Tenant.mu for its open accounts and what closed ones have left, tenantsMu for who is there by name; held for no wait, and nothing is called
// with one held. All else is atomic: any thread.
package accounts

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"wazeronode/processor"
)

// Resource is something of which there is a number now, and may be a limit of a tenant's.
type Resource int

const (
	Memory    Resource = iota // bytes of linear memories
	Instances                 // not closed
	Elements                  // of tables
	Files                     // open
	Output                    // bytes that sinks have not taken
	resources
)

// limitNames are the public fields of TenantLimits.
var limitNames = [resources]string{"tenant.memoryBytes", "tenant.instances", "tenant.tableElements", "tenant.openFiles", "tenant.pendingOutputBytes"}

// Limit is the name of the limit, as an error has it.
func (r Resource) Limit() string { return limitNames[r] }

// Counter is of something that only becomes more.
type Counter int

const (
	Ran Counter = iota // nanoseconds
	Waited
	Calls
	Failed
	Stopped
	Traps
	HostCalls
	OutputBytes
	InputBytes
	Fuel
	counters
)

// Native is what C++ counts: wz_account of wazero_node.h. No two threads write one word, so none of them is locked.
type Native struct {
	DirectBegun, DirectEnded, DirectHosts, DirectRan, DirectTold      uint64 // the JS thread
	ExpressBegun, ExpressEnded, ExpressHosts, ExpressRan, ExpressTold uint64 // who holds the lock of ExpressPool
}

// Account is an instance's.
type Account struct {
	Native Native // first: C++ has its address for as long as it can enter a function of the instance
	tenant *Tenant

	counts       [counters]atomic.Uint64
	levels       [resources]level
	begun, ended atomic.Uint64                    // calls that Go runs
	waiting      atomic.Int64                     // for a slot or a budget
	queued       atomic.Int64                     // in JavaScript
	running      atomic.Int64                     // guests that Go runs now
	beginnings   atomic.Int64                     // the sum of when these began
	thread       atomic.Pointer[processor.Thread] // of the one that began last
}

type level struct {
	now, peak atomic.Uint64
	most      atomic.Uint64 // of tenants
}

func (l *level) rise(to uint64) {
	for {
		peak := l.peak.Load()
		if to <= peak || l.peak.CompareAndSwap(peak, to) {
			return
		}
	}
}

func (l *level) add(n uint64) { l.rise(l.now.Add(n)) }

func (l *level) take(n uint64) bool {
	for {
		most, now := l.most.Load(), l.now.Load()
		if n > most-min(now, most) {
			return false
		}
		if l.now.CompareAndSwap(now, now+n) {
			l.rise(now + n)
			return true
		}
	}
}

// epoch is what Now counts from.
var epoch = time.Now()

// Now is the clock of all accounts.
func Now() time.Duration { return time.Since(epoch) }

// New is the account of an instance; tenant may be nil. False where the tenant is closed.
func New(tenant *Tenant) (*Account, bool) {
	a := &Account{tenant: tenant}
	return a, tenant == nil || tenant.add(a)
}

// Tenant is on whose account it runs, or nil.
func (a *Account) Tenant() *Tenant { return a.tenant }

// Take is false where it would be more than the tenant may have.
func (a *Account) Take(r Resource, n uint64) bool {
	if a.tenant != nil && !a.tenant.levels[r].take(n) {
		return false
	}
	a.levels[r].add(n)
	return true
}

// Give gives back.
func (a *Account) Give(r Resource, n uint64) {
	a.levels[r].now.Add(-n)
	if a.tenant != nil {
		a.tenant.levels[r].now.Add(-n)
	}
}

// GiveAll gives back what there is of it.
func (a *Account) GiveAll(r Resource) {
	n := a.levels[r].now.Load()
	a.Give(r, n)
}

// TakeMemory, GiveMemory and MemoryLimit are arena.Ledger.
func (a *Account) TakeMemory(n uint64) bool { return a.Take(Memory, n) }
func (a *Account) GiveMemory(n uint64)      { a.Give(Memory, n) }
func (a *Account) MemoryLimit() string      { return Memory.Limit() }

// Add counts.
func (a *Account) Add(c Counter, n uint64) { a.counts[c].Add(n) }

// FuelWord is where C++ adds to Fuel, too.
func (a *Account) FuelWord() unsafe.Pointer { return unsafe.Pointer(&a.counts[Fuel]) }

// BeginCall and EndCall are around a call that C++ has not begun.
func (a *Account) BeginCall() { a.begun.Add(1) }
func (a *Account) EndCall()   { a.ended.Add(1) }

// BeginWait and EndWait are around a wait for a slot or a budget.
func (a *Account) BeginWait() time.Duration {
	a.waiting.Add(1)
	return Now()
}
func (a *Account) EndWait(began time.Duration) time.Duration {
	a.waiting.Add(-1)
	waited := max(0, Now()-began)
	a.Add(Waited, uint64(waited))
	return waited
}

// Run is what a guest runs without a pause.
type Run struct {
	began  time.Duration
	thread *processor.Thread
}

// BeginRun and EndRun are around it, on the goroutine that runs it.
func (a *Account) BeginRun() Run {
	now := Now()
	r := Run{now, processor.Begin(now)}
	a.thread.Store(r.thread)
	a.beginnings.Add(int64(now))
	a.running.Add(1)
	if a.tenant != nil {
		a.tenant.beginnings.Add(int64(now))
		a.tenant.running.Add(1)
	}
	return r
}
func (a *Account) EndRun(r Run) time.Duration {
	ran := r.thread.Ran(r.began, Now())
	a.Add(Ran, uint64(ran)) // first: who asks in between counts it twice rather than not at all, for that one moment
	a.running.Add(-1)
	a.beginnings.Add(-int64(r.began))
	if a.tenant != nil {
		a.tenant.running.Add(-1)
		a.tenant.beginnings.Add(-int64(r.began))
		a.tenant.Spend(ran)
	}
	return ran
}

// Spend is for what was run and counted, but not by EndRun.
func (a *Account) Spend(d time.Duration) {
	if a.tenant != nil {
		a.tenant.Spend(d)
	}
}

// SetQueued is how many calls wait in JavaScript.
func (a *Account) SetQueued(n int64) {
	was := a.queued.Swap(n)
	if a.tenant != nil {
		a.tenant.queued.Add(n - was)
	}
}

// MayQueue is whether one more call of the tenant may wait.
func (a *Account) MayQueue() bool { return a.tenant == nil || a.tenant.mayQueue() }

// Retire ends it: nothing of the instance runs, and nothing will. What it counted stays with the tenant. Idempotent.
func (a *Account) Retire() {
	a.SetQueued(0)
	if a.tenant != nil {
		a.tenant.retire(a)
	}
}

// Usage is Usage of the public interface, and what else is charged.
type Usage struct {
	counts                            [counters]uint64
	levels                            [resources]uint64
	peak                              uint64
	calls, runningCalls, waitingCalls uint64
}

func (a *Account) addTo(u *Usage) {
	n := &a.Native
	begun := a.begun.Load() + atomic.LoadUint64(&n.DirectBegun) + atomic.LoadUint64(&n.ExpressBegun)
	ended := a.ended.Load() + atomic.LoadUint64(&n.DirectEnded) + atomic.LoadUint64(&n.ExpressEnded)
	u.calls += begun
	waiting := uint64(max(0, a.waiting.Load()))
	u.runningCalls += begun - min(ended+waiting, begun)
	u.waitingCalls += waiting + uint64(max(0, a.queued.Load()))
	for c := range counters {
		u.counts[c] += a.counts[c].Load()
	}
	if running := a.running.Load(); running == 1 {
		u.counts[Ran] += uint64(a.thread.Load().SoFar(time.Duration(a.beginnings.Load()), Now()))
	} else if running > 1 { // one in each thread: rare, for a moment
		u.counts[Ran] += uint64(max(0, running*int64(Now())-a.beginnings.Load()))
	}
	u.counts[Ran] += atomic.LoadUint64(&n.DirectRan) + atomic.LoadUint64(&n.ExpressRan)
	u.counts[HostCalls] += atomic.LoadUint64(&n.DirectHosts) + atomic.LoadUint64(&n.ExpressHosts)
}

// Usage is as of now.
func (a *Account) Usage() (u Usage) {
	a.addTo(&u)
	for r := range resources {
		u.levels[r] = a.levels[r].now.Load()
	}
	u.peak = a.levels[Memory].peak.Load()
	return u
}

// Level is of a resource.
func (u *Usage) Level(r Resource) uint64 { return u.levels[r] }

// UsageWords is how many words Words writes.
const UsageWords = 18

// Words are in the order of wz_module_usage.
func (u *Usage) Words() [UsageWords]uint64 {
	return [UsageWords]uint64{
		u.counts[Ran], u.counts[Waited], u.levels[Memory], u.peak, u.levels[Instances], u.levels[Files], u.runningCalls, u.waitingCalls,
		u.calls, u.counts[Failed], u.counts[Stopped], u.counts[Traps], u.counts[HostCalls], u.counts[OutputBytes], u.counts[InputBytes], u.counts[Fuel],
		u.levels[Elements], u.levels[Output],
	}
}

const unlimited = math.MaxUint64

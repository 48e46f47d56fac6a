package accounts

import (
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"wazeronode/slots"
)

// The limits of a tenant as they cross: numbers, NaN where there is none.
const (
	limitMemory = iota
	limitInstances
	limitElements
	limitFiles
	limitOutput
	limitConcurrent
	limitQueued
	limitRate
	limitWeight
	// LimitCount is how many there are.
	LimitCount
)

// Limits is TenantLimits.
type Limits [LimitCount]float64

// NativeTenant is what C++ sees of a tenant: wz_tenant of wazero_node.h.
type NativeTenant struct{ Hold, Metered uint64 }

// Tenant is an account of many instances, of any runtimes and threads.
type Tenant struct {
	Native NativeTenant // first, as in Account
	Name   string
	// Handle is by which JavaScript knows it; set once, before anybody else has it.
	Handle uint64
	Share  slots.Share // of the slots

	levels     [resources]level
	queued     atomic.Int64 // calls that wait in JavaScript
	running    atomic.Int64 // guests that Go runs now
	beginnings atomic.Int64 // as in Account
	budget     budget
	calls      concurrency
	mostQueued atomic.Uint64

	mu     sync.Mutex
	limits Limits
	open   map[*Account]struct{}
	past   Usage // what closed ones have left: counts alone
	owners map[uint64]int
	shared bool
	closed bool
}

// Address is where C++ looks, and by what it knows whose turn it is; 0 for none.
func (t *Tenant) Address() uintptr {
	if t == nil {
		return 0
	}
	return uintptr(unsafe.Pointer(&t.Native))
}

// tenants are those that are open.
var (
	tenantsMu sync.Mutex
	tenants   = map[*Tenant]struct{}{}
	byName    = map[string]*Tenant{} // shared ones
)

// Open makes a tenant for an environment, or finds the shared one of that name. handle makes its number.
func Open(env uint64, name string, shared bool, limits Limits, handle func(*Tenant) uint64) *Tenant {
	tenantsMu.Lock()
	defer tenantsMu.Unlock()
	if shared {
		if t := byName[name]; t != nil {
			t.mu.Lock()
			t.owners[env]++
			t.mu.Unlock()
			return t
		}
	}
	t := &Tenant{Name: name, open: map[*Account]struct{}{}, owners: map[uint64]int{env: 1}, shared: shared}
	t.SetLimits(limits)
	t.Handle = handle(t)
	tenants[t] = struct{}{}
	if shared {
		byName[name] = t
	}
	return t
}

// Close is that of an environment, of what it opened once; with all, of all that it opened. True where it was the last.
func (t *Tenant) Close(env uint64, all bool) (last bool) {
	tenantsMu.Lock()
	defer tenantsMu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owners[env]--; all || t.owners[env] <= 0 {
		delete(t.owners, env)
	}
	if t.closed || len(t.owners) > 0 {
		return false
	}
	t.closed = true
	delete(tenants, t)
	if t.shared {
		delete(byName, t.Name)
	}
	return true
}

// CloseEnv is for an environment that has ended; it returns those that are closed by that.
func CloseEnv(env uint64) (closed []*Tenant) {
	for _, t := range List() {
		t.mu.Lock()
		owned := t.owners[env] > 0
		t.mu.Unlock()
		if owned && t.Close(env, true) {
			closed = append(closed, t)
		}
	}
	return closed
}

// List are all that are open.
func List() []*Tenant {
	tenantsMu.Lock()
	defer tenantsMu.Unlock()
	list := make([]*Tenant, 0, len(tenants))
	for t := range tenants {
		list = append(list, t)
	}
	return list
}

// Limits are those that were set.
func (t *Tenant) Limits() Limits {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limits
}

// SetLimits holds at once; lowering one ends nothing that is there.
func (t *Tenant) SetLimits(l Limits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limits = l
	for r, at := range [resources]int{limitMemory, limitInstances, limitElements, limitFiles, limitOutput} {
		t.levels[r].most.Store(wholeOr(l[at], unlimited))
	}
	t.mostQueued.Store(wholeOr(l[limitQueued], unlimited))
	t.calls.set(wholeOr(l[limitConcurrent], unlimited))
	t.budget.set(l[limitRate])
	weight := l[limitWeight]
	if math.IsNaN(weight) {
		weight = 1
	}
	t.Share.SetWeight(weight)
	metered := uint64(0)
	if t.budget.limited.Load() {
		metered = 1
	}
	atomic.StoreUint64(&t.Native.Metered, metered)
	t.left()
}

func wholeOr(v float64, none uint64) uint64 {
	if math.IsNaN(v) || v >= math.MaxInt64 {
		return none
	}
	return uint64(max(0, v))
}

func (t *Tenant) mayQueue() bool {
	most := t.mostQueued.Load()
	if most == unlimited {
		return true
	}
	t.calls.mu.Lock()
	defer t.calls.mu.Unlock()
	return uint64(max(0, t.queued.Load()))+uint64(t.calls.waiting.Len()) < most
}

func (t *Tenant) add(a *Account) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.open[a] = struct{}{}
	return true
}

func (t *Tenant) retire(a *Account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, open := t.open[a]; open {
		delete(t.open, a)
		a.addTo(&t.past)
		t.past.runningCalls, t.past.waitingCalls = 0, 0
	}
}

// TakeImage is for what belongs to no account: false where it would be more memory than the tenant may have. GiveImage gives it back.
func (t *Tenant) TakeImage(bytes uint64) bool { return t.levels[Memory].take(bytes) }
func (t *Tenant) GiveImage(bytes uint64)      { t.levels[Memory].now.Add(-bytes) }

// Usage is as of now.
func (t *Tenant) Usage() Usage {
	t.mu.Lock()
	u := t.past
	for a := range t.open {
		a.addTo(&u)
	}
	t.mu.Unlock()
	for r := range resources {
		u.levels[r] = t.levels[r].now.Load()
	}
	u.peak = t.levels[Memory].peak.Load()
	return u
}

package accounts

import (
	"math"
	"testing"
	"time"
)

func tenantOf(change func(*Limits)) *Tenant {
	var l Limits
	for i := range l {
		l[i] = math.NaN()
	}
	change(&l)
	return Open(1, "test", false, l, func(*Tenant) uint64 { return 1 })
}

func TestTakeIsOfBothOrNeither(t *testing.T) {
	tenant := tenantOf(func(l *Limits) { l[limitMemory] = 100 })
	a, _ := New(tenant)
	b, _ := New(tenant)
	if !a.Take(Memory, 60) || b.Take(Memory, 41) || !b.Take(Memory, 40) {
		t.Fatal("100 bytes are 60 and 40")
	}
	a.Give(Memory, 60)
	if u := tenant.Usage(); u.levels[Memory] != 40 || u.peak != 100 {
		t.Fatalf("%+v", u)
	}
	if u := b.Usage(); u.levels[Memory] != 40 {
		t.Fatalf("%+v", u)
	}
}

func TestWhatClosedOnesCountedStays(t *testing.T) {
	tenant := tenantOf(func(*Limits) {})
	a, _ := New(tenant)
	a.BeginCall()
	a.EndCall()
	a.Native.DirectBegun, a.Native.DirectEnded = 3, 3
	a.Retire()
	a.Retire()
	if u := tenant.Usage(); u.calls != 4 || u.runningCalls != 0 {
		t.Fatalf("%+v", u)
	}
}

func TestABudgetIsOfEachSecond(t *testing.T) {
	var b budget
	b.set(200)
	spend := func(now, d time.Duration) { b.roll(now); b.used += d }
	left := func(now time.Duration) time.Duration { b.roll(now); return b.each - b.used }
	spend(second, 150*time.Millisecond)
	if left(second+900*time.Millisecond) != 50*time.Millisecond {
		t.Fatal("what is left of it")
	}
	spend(second+900*time.Millisecond, 250*time.Millisecond) // 200 too much
	if l := left(2 * second); l != 0 {
		t.Fatal("what was too much is not taken from the next: ", l)
	}
	if l := left(3*second + 50*time.Millisecond); l != 200*time.Millisecond || b.end != 4*second {
		t.Fatal("who waited begins late: ", l, b.end)
	}
	if l := left(9*second + 500*time.Millisecond); l != 200*time.Millisecond || b.end != 10*second+500*time.Millisecond {
		t.Fatal("what was not used is kept: ", l, b.end)
	}
}

func TestCallsAreAdmittedInTheirOrder(t *testing.T) {
	tenant := tenantOf(func(l *Limits) { l[limitConcurrent], l[limitQueued] = 1, 2 })
	queue := func(mayWait bool, limit string) *Ticket {
		t.Helper()
		k, got := tenant.Queue(mayWait)
		if got != limit {
			t.Fatalf("%q, not %q", got, limit)
		}
		return k
	}
	first := queue(false, "")
	queue(false, "tenant.concurrentCalls")
	second, third := queue(true, ""), queue(true, "")
	queue(true, "tenant.queuedCalls")
	if first.Waits() || !second.Waits() || !third.Waits() || tenant.mayQueue() {
		t.Fatal("one runs, two wait, and no more may")
	}
	tenant.Leave(second) // it was stopped
	tenant.Leave(first)
	third.Await(nil)
	stopped := make(chan struct{})
	close(stopped)
	fourth := queue(true, "")
	fourth.Await(stopped)
	tenant.Leave(fourth)
	tenant.Leave(third)
	if queue(false, "").Waits() {
		t.Fatal("all have left")
	}
}

func TestAnImageIsMemoryOfNoAccount(t *testing.T) {
	tenant := tenantOf(func(l *Limits) { l[limitMemory] = 100 })
	a, _ := New(tenant)
	if !a.TakeMemory(60) || tenant.TakeImage(41) || !tenant.TakeImage(40) || a.TakeMemory(1) {
		t.Fatal("100 bytes are 60 and 40")
	}
	a.GiveMemory(60)
	a.Retire()
	if u := tenant.Usage(); u.levels[Memory] != 40 {
		t.Fatalf("%+v", u)
	}
	tenant.GiveImage(40)
	if u := tenant.Usage(); u.levels[Memory] != 0 || u.peak != 100 {
		t.Fatalf("%+v", u)
	}
}

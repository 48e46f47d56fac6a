// Package processor says what guests have run on the threads of the system. A clock goes on while other programs have the processor; so what took longer
// than `short` by it is charged no more than its thread has run, by the system's clock of threads. That one costs a system call: it is read after what was
// long, and, so that little else is in the difference, before a guest where the last reading is older than `fresh`. Of C++'s threads: thread_clock.h.
//
// A Thread is written by who runs on it, without a lock; who was moved to another one meanwhile may write a moment longer, and makes a figure a little wrong.
package processor

import (
	"sync/atomic"
	"time"
)

const (
	short = 200 * time.Microsecond
	fresh = 500 * time.Microsecond
)

// Thread is one that runs guests.
type Thread struct {
	id      atomic.Uintptr // of current
	clock   atomic.Int32   // by which other threads read what it has run
	at      atomic.Int64   // the last reading: when
	cpu     atomic.Int64   // what it had run
	charged atomic.Int64   // to guests since
}

// Begin is before a guest runs: on which thread, or nil. now is of any clock that goes on evenly, as are those of Ran.
func Begin(now time.Duration) *Thread {
	t := find(current())
	if t != nil && now-time.Duration(t.at.Load()) >= fresh {
		t.read(now)
	}
	return t
}

// Ran is what it has run between the two. It may have been moved to another thread, mostly when it came out of the guest: then it is what both have run.
func (t *Thread) Ran(began, now time.Duration) time.Duration {
	ran := max(0, now-began)
	if t == nil {
		return ran
	}
	if ran <= short {
		t.charged.Add(int64(ran))
		return ran
	}
	if t.id.Load() == current() {
		ran = min(ran, t.since(ran, ownClock))
		t.read(now)
		return ran
	}
	here := find(current())
	ran = min(ran, t.since(ran, t.clock.Load())+here.since(ran, ownClock))
	if here != nil {
		here.read(now)
	}
	return ran
}

// SoFar is Ran of one that still runs, for another thread.
func (t *Thread) SoFar(began, now time.Duration) time.Duration {
	ran := max(0, now-began)
	if t == nil || ran <= short {
		return ran
	}
	return min(ran, t.since(ran, t.clock.Load()))
}

// since is what the thread has run since its last reading and was charged to nobody; unknown where that cannot be read.
func (t *Thread) since(unknown time.Duration, clock int32) time.Duration {
	if t == nil {
		return unknown
	}
	if cpu := cpuTime(clock); cpu != 0 {
		return time.Duration(max(0, cpu-t.cpu.Load()-t.charged.Load()))
	}
	return unknown
}

func (t *Thread) read(now time.Duration) {
	t.at.Store(int64(now))
	t.charged.Store(0)
	t.clock.Store(clockOfThread())
	t.cpu.Store(cpuTime(ownClock))
}

// threads are found by a hash. One that has ended is not known to have: the one of a window that was read the longest time ago gives way.
var threads [1 << tableBits]Thread

const tableBits, window = 10, 8

func find(id uintptr) *Thread {
	if id == 0 {
		return nil
	}
	const golden = 0x9E3779B97F4A7C15
	first := uint64(id) * golden >> (64 - tableBits)
	var oldest *Thread
	for i := range uint64(window) {
		t := &threads[(first+i)%(1<<tableBits)]
		if t.id.Load() == id {
			return t
		}
		if oldest == nil || t.at.Load() < oldest.at.Load() {
			oldest = t
		}
	}
	was := oldest.id.Load()
	if !oldest.id.CompareAndSwap(was, id) {
		return nil // somebody else takes it
	}
	oldest.at.Store(int64(-fresh)) // to be read
	oldest.cpu.Store(0)
	oldest.charged.Store(0)
	return oldest
}

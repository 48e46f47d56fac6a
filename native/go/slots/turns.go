package slots

import (
	"container/heap"
	"container/list"
	"math"
	"sync/atomic"
	"time"
)

// Share is what has a turn of its own at the slots: the guests of one tenant, or of one runtime, however many they are. Who has many guests, or
// guests that call the host often, takes its own turns with them and nobody else's.
type Share struct {
	weight    atomic.Uint64 // the bits of a float64; 0: 1
	resumed   list.List     // of *waiter: those that come back from a wait
	fresh     list.List     // those that begin, or have used up their slice
	time      time.Duration // virtual: what it ran, by its weight
	running   int           // of its guests
	turn      uint64        // when it was served last
	place     int           // in turns while somebody waits
	waits     bool          // it is in turns
	freshNext bool          // one that begins is served between two that come back: there may always be one that comes back
}

// SetWeight says how much of the time it gets beside others, of weight 1 by default.
func (s *Share) SetWeight(weight float64) { s.weight.Store(math.Float64bits(weight)) }

// virtual is what so long counts as.
func (s *Share) virtual(d time.Duration) time.Duration {
	if bits := s.weight.Load(); bits != 0 {
		return time.Duration(float64(d) / math.Float64frombits(bits))
	}
	return d
}

// turns are the shares in which somebody waits. Next is the one that ran least, by its weight: its virtual time is the lowest; of equals the one that
// was served longest ago. One that had nobody who ran or waited begins where the others are, and saves nothing up. The pool's mutex guards it.
type turns struct {
	shares []*Share
	last   uint64
	now    time.Duration // virtual time of the one that was served last
}

func (t *turns) add(w *waiter, resumed bool) {
	s := w.guest.Share()
	w.line = &s.fresh
	if resumed {
		w.line = &s.resumed
	}
	w.at = w.line.PushBack(w)
	if !s.waits {
		t.wake(s)
		s.waits = true
		heap.Push(t, s)
	}
}

// wake is for one that may have been idle.
func (t *turns) wake(s *Share) {
	if !s.waits && s.running == 0 {
		s.time = max(s.time, t.now)
	}
}

// remove takes out one that waits no longer.
func (t *turns) remove(w *waiter) {
	w.line.Remove(w.at)
	t.leaveIfEmpty(w.guest.Share())
}

// next takes out whose turn it is; nil when nobody waits.
func (t *turns) next() *waiter {
	if len(t.shares) == 0 {
		return nil
	}
	s := t.shares[0]
	line := &s.resumed
	if line.Len() == 0 || s.freshNext && s.fresh.Len() > 0 {
		line = &s.fresh
	}
	s.freshNext = line == &s.resumed
	w := line.Remove(line.Front()).(*waiter)
	t.leaveIfEmpty(s)
	return w
}

func (t *turns) leaveIfEmpty(s *Share) {
	if s.waits && s.resumed.Len()+s.fresh.Len() == 0 {
		s.waits = false
		heap.Remove(t, s.place)
	}
}

// served counts a slice as run before it is, so that two guests of one share are not taken for one.
func (t *turns) served(s *Share) {
	t.wake(s)
	t.last++
	s.turn = t.last
	s.running++
	t.now = max(t.now, s.time)
	t.charge(s, slice)
}

// ran corrects that.
func (t *turns) ran(s *Share, took time.Duration) {
	s.running--
	t.charge(s, took-slice)
}

func (t *turns) charge(s *Share, d time.Duration) {
	s.time += s.virtual(d)
	if s.waits {
		heap.Fix(t, s.place)
	}
}

// ahead is whether the share has had so much more than one that waits that it is to give way at once.
func (t *turns) ahead(s *Share) bool {
	return len(t.shares) > 0 && t.shares[0] != s && s.time-t.shares[0].time > leastRun
}

// ---- heap.Interface

func (t *turns) Len() int { return len(t.shares) }
func (t *turns) Less(i, j int) bool {
	a, b := t.shares[i], t.shares[j]
	return a.time < b.time || a.time == b.time && a.turn < b.turn
}
func (t *turns) Swap(i, j int) {
	s := t.shares
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}
func (t *turns) Push(x any) {
	s := x.(*Share)
	s.place = len(t.shares)
	t.shares = append(t.shares, s)
}
func (t *turns) Pop() any {
	n := len(t.shares) - 1
	s := t.shares[n]
	t.shares[n] = nil
	t.shares = t.shares[:n]
	return s
}

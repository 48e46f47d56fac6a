package slots

import (
	"container/heap"
	"container/list"
)

// Share is what has a turn of its own at the slots: the guests of one runtime, however many they are. Who has many guests, or guests that
// call the host often, takes its own turns with them and nobody else's.
type Share struct {
	resumed   list.List // of *waiter: those that come back from a wait
	fresh     list.List // those that begin, or have used up their slice
	turn      uint64    // when it was served last
	place     int       // in turns while somebody waits
	waits     bool      // it is in turns
	freshNext bool      // one that begins is served between two that come back: there may always be one that comes back
}

// turns are the shares in which somebody waits. The one that was served longest ago is next, so that one which comes now is before all that
// were served since. To give shares a weight, let a turn of one of weight n count an nth. The pool's mutex guards it.
type turns struct {
	shares []*Share
	last   uint64
}

func (t *turns) add(w *waiter, resumed bool) {
	s := w.guest.Share()
	w.line = &s.fresh
	if resumed {
		w.line = &s.resumed
	}
	w.at = w.line.PushBack(w)
	if !s.waits {
		s.waits = true
		heap.Push(t, s)
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

func (t *turns) served(s *Share) {
	t.last++
	s.turn = t.last
	if s.waits {
		heap.Fix(t, s.place)
	}
}

// ---- heap.Interface

func (t *turns) Len() int           { return len(t.shares) }
func (t *turns) Less(i, j int) bool { return t.shares[i].turn < t.shares[j].turn }
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

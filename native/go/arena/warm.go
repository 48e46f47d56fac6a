package arena

import (
	"math"
	"sync"

	"wazeronode/headroom"
)

// A range that a memory of an image has left goes to the next memory of that image, with the image where it is: what was written in it is put
// back (see Image.clean) instead of a mapping taken away and another made, which is four calls of the system, each of which splits or joins
// mappings. Pages that were written are written again as a rule, for guests do the same things: so they stay, as long as they are few, and the
// next guest's first call has no page fault on them. Nothing else of the last memory is left in a range: see TestWarmRangesHoldNothing.
const (
	// warmRanges is of all images: each takes two mappings, and the 8 GiB of a guarded one.
	warmRanges = 512
	// warmPages is of one range; where more were written all are given back. To copy a page takes a quarter of what a fault takes that finds and copies
	// it, so that also a guest that writes some hundreds (CPython, from a frozen start to its end) is better off with those that it wrote.
	warmPages = 1024
)

// warmBytes is what written pages of ranges that no memory has may take, of all images.
var warmBytes = sync.OnceValue(func() uint64 { return littleOf(32 << 20) })

// littleOf is that much, and in a process with a limit a small part of the limit at most.
func littleOf(most uint64) uint64 {
	if left := leftAtFirst(); left < math.MaxInt64 {
		most = min(most, left/64)
	}
	return most
}

type warmPool struct {
	mu     sync.Mutex
	images map[*Image]struct{} // that have ranges here
	ranges int
	bytes  uint64 // of pages that were written
}

var warm = warmPool{images: map[*Image]struct{}{}}

func init() { headroom.OnCollect(Trim) }

// Trim gives back all ranges that no memory has.
func Trim() {
	warm.mu.Lock()
	var all []*span
	for i := range warm.images {
		all = append(all, warm.empty(i)...)
	}
	warm.mu.Unlock()
	reuseCold(all)
}

func (w *warmPool) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ranges > 0
}

// keep takes a range that no memory and no pin has any more; false: it is nothing for the next one, or there are enough.
func (w *warmPool) keep(s *span) bool {
	i := s.image
	if i == nil || s.mapped != i.size || !w.wants(i) || !i.clean(s) || !s.shut(i.size) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes+s.kept > warmBytes() {
		if !dropWritten(s.bytes[:i.size]) {
			return false
		}
		s.kept = 0
	}
	if i.finished || w.ranges >= warmRanges { // meanwhile
		return false
	}
	seal(s.bytes[:i.size])
	i.warm = append(i.warm, s)
	w.images[i] = struct{}{}
	w.ranges++
	w.bytes += s.kept
	return true
}

func (w *warmPool) wants(i *Image) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !i.finished && w.ranges < warmRanges
}

// take gives one of at least size bytes; nil where there is none.
func (w *warmPool) take(i *Image, guarded bool, size uint64) *span {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(i.warm) - 1
	if n < 0 || i.warm[n].capacity() < size || i.warm[n].isGuarded() != guarded {
		return nil
	}
	s := i.warm[n]
	i.warm[n] = nil
	i.warm = i.warm[:n]
	if n == 0 {
		delete(w.images, i)
	}
	w.ranges--
	w.bytes -= s.kept
	unseal(s.bytes[:i.size])
	stats.live.Add(1)
	return &span{bytes: s.bytes, class: s.class, used: i.size, mapped: i.size, opened: s.opened, image: i}
}

// finish: nobody makes memories of the image any more.
func (w *warmPool) finish(i *Image) {
	w.mu.Lock()
	i.finished = true
	all := w.empty(i)
	w.mu.Unlock()
	reuseCold(all)
}

// empty is called with the lock.
func (w *warmPool) empty(i *Image) []*span {
	all := i.warm
	i.warm = nil
	delete(w.images, i)
	w.ranges -= len(all)
	for _, s := range all {
		w.bytes -= s.kept
	}
	return all
}

func reuseCold(all []*span) {
	for _, s := range all {
		unseal(s.bytes[:s.mapped])
		stats.live.Add(1)
		ranges.empty(s)
		ranges.reuse(s)
	}
}

// Guard takes a guarded range for a memory of the image, as Guard does for others.
func (i *Image) Guard() *Reservation {
	if s := warm.take(i, true, i.size); s != nil {
		return &Reservation{s}
	}
	return Guard(i.size)
}

// Finish is called when nobody will make memories of it any more. Those that there are go on, and can be restored.
func (i *Image) Finish() { warm.finish(i) }

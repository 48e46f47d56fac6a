// Package headroom knows how much memory the process may still take. Go cannot recover from running out of it, so whoever is about to
// allocate much for a guest asks first.
package headroom

import (
	"math"
	"runtime/debug"
	"sync"
	"time"
)

// margin is what the rest of the process needs meanwhile: JavaScript, stacks of threads, Go's own growth, which is in steps of 64 MiB.
var margin = sync.OnceValue(func() uint64 {
	const least, step = 48 << 20, 64 << 20
	if left := LeftByLimits(); left < unlimited {
		return min(max(left/4, step), 3*step)
	}
	return least
})

type reserved struct {
	mu    sync.Mutex
	bytes uint64 // that are about to be taken

	collected time.Time
}

var reservations reserved

// left is without what is reserved. In pieces, what Go has and does not use can be taken again, however little the system has left.
func (r *reserved) left(inPieces bool) uint64 {
	all := Left()
	left := all - min(all, r.bytes+margin())
	if inPieces && all > margin()/2 { // below that not even Go's own bookkeeping has room
		again := idle()
		left = max(left, again-min(again, r.bytes))
	}
	return left
}

// Reserve is false, with what is left, where the process may not take that many bytes more. Release it when they are taken or not needed.
func Reserve(bytes uint64, inPieces bool) (release func(), left uint64, ok bool) {
	return reservations.reserve(bytes, inPieces)
}

// AllowsPieces is Reserve for what is taken at once.
func AllowsPieces(bytes uint64) bool { return reservations.allows(bytes, true) }

// Allows is for one piece of that size, taken at once.
func Allows(bytes uint64) bool { return reservations.allows(bytes, false) }

// allows keeps what it has allowed reserved for a moment: it is not taken yet, and many guests that ask at the same time would be given the
// same bytes.
func (r *reserved) allows(bytes uint64, inPieces bool) bool {
	const always, taken = 256 << 10, 250 * time.Millisecond
	if bytes <= always {
		return true
	}
	release, _, ok := r.reserve(bytes, inPieces)
	if ok {
		time.AfterFunc(taken, release)
	}
	return ok
}

func (r *reserved) reserve(bytes uint64, inPieces bool) (release func(), left uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	left = r.left(inPieces)
	if bytes > left {
		r.collect()
		left = r.left(inPieces)
	}
	if bytes > left {
		return nil, left, false
	}
	r.bytes += bytes
	return sync.OnceFunc(func() {
		r.mu.Lock()
		r.bytes -= bytes
		r.mu.Unlock()
	}), left, true
}

// Scarce is for work that takes more and more, nobody can tell how much: it has to end when no more than the margin is left.
func Scarce() bool { return reservations.scarce() }

func (r *reserved) scarce() bool {
	if left := leftToGrow(); left >= margin() {
		return false
	} else if left < margin()/2 { // collecting takes long enough for the rest to be taken
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collect()
	return leftToGrow() < margin()
}

// leftToGrow: what Go still has and does not use is to be had. What it has mapped once stays so, and by the limits on that the others have
// what is left from then on.
func leftToGrow() uint64 {
	free, _ := unused()
	toTouch := min(leftToTouch(), leftOfMachine(), unlimited-free) + free
	return min(leftToMap(), toTouch)
}

// onCollect is set at start.
var onCollect func()

// OnCollect has give called where memory is scarce, before it is found out how scarce: of what is kept for the next guest. It is called while
// others wait for their answer here, and must not ask for headroom itself.
func OnCollect(give func()) { onCollect = give }

// collect gives back what is garbage, which counts as taken until then.
func (r *reserved) collect() {
	if time.Since(r.collected) > 100*time.Millisecond {
		if onCollect != nil {
			onCollect()
		}
		debug.FreeOSMemory()
		r.collected = time.Now()
	}
}

// Limited tells whether the process has limits, as it was when somebody asked first.
var Limited = sync.OnceValue(func() bool { return LeftByLimits() < unlimited })

const unlimited = math.MaxUint64

// Left is how many bytes the process may still take by all limits that are set for it and what the machine has.
func Left() uint64 { return min(LeftByLimits(), leftOfMachine()) }

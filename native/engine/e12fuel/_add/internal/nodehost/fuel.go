package nodehost

import (
	"context"
	"math"
	"sync/atomic"
)

// NoFuelLimit is the budget of what is counted only.
const NoFuelLimit = math.MaxInt64

// Fuel is what the calls of a Control may still execute, in code that was compiled to count it (WithFuelCounted): calls
// that are nested in each other take from one. Native code counts in a word of the engine that runs; who is outside of
// a guest looks there, too. Only one goroutine at a time is inside such calls; Charge and Left are for any thread while
// the guest waits for it, and for a look from others.
type Fuel struct {
	left atomic.Int64          // while no engine runs
	word atomic.Pointer[int64] // of the innermost engine that does
}

// Init gives it a budget.
func (f *Fuel) Init(budget int64) { f.left.Store(budget) }

// Left is what there is; below 0: it was not enough.
func (f *Fuel) Left() int64 {
	if w := f.word.Load(); w != nil {
		return atomic.LoadInt64(w)
	}
	return f.left.Load()
}

// Charge takes n, which is not negative. Where that is too much, the guest ends at its next charge.
func (f *Fuel) Charge(n int64) {
	if w := f.word.Load(); w != nil {
		atomic.StoreInt64(w, less(atomic.LoadInt64(w), n))
		return
	}
	f.left.Store(less(f.left.Load(), n))
}

func less(left, n int64) int64 {
	if left < n {
		return -1
	}
	return left - n
}

// Attach is for an engine that counts in this word already.
func (f *Fuel) Attach(word *int64) { f.word.Store(word) }

// Enter has an engine count in its word. Only engines call this.
func (f *Fuel) Enter(word *int64) (before *int64) {
	before = f.word.Load()
	if before != word { // else it has been entered already
		atomic.StoreInt64(word, f.Left())
		f.word.Store(word)
	}
	return before
}

// Leave is its end: before is from Enter.
func (f *Fuel) Leave(word, before *int64) {
	left := atomic.LoadInt64(word)
	if before == word {
		before = nil
	}
	f.word.Store(before)
	if before != nil {
		atomic.StoreInt64(before, left)
	} else {
		f.left.Store(left)
	}
}

type fuelCounted struct{}

// WithFuelCounted makes CompileModule compile code that counts.
func WithFuelCounted(ctx context.Context) context.Context {
	return context.WithValue(ctx, fuelCounted{}, true)
}

// IsFuelCounted is whether the context says so.
func IsFuelCounted(ctx context.Context) bool { return ctx.Value(fuelCounted{}) != nil }

package failure

import "sync/atomic"

// Protect runs f and turns a panic into an error: nothing that a guest or a caller does may unwind into C or end the process.
func Protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Recovered(r)
		}
	}()
	return f()
}

// Goroutines are those of calls and compilations that have not ended.
var Goroutines atomic.Int64

// Go starts a goroutine that is counted. f answers for its panics where an answer is owed; the last net is here. tell, which may be nil, is
// for who waits for f, and comes when it is not counted any more: he may look at the counts at once.
func Go(f, tell func()) {
	Goroutines.Add(1)
	go func() {
		defer guarded(tell)
		defer Goroutines.Add(-1)
		guarded(f)
	}()
}

func guarded(f func()) {
	if f == nil {
		return
	}
	if err := Protect(func() error { f(); return nil }); err != nil {
		Warn(err.Error())
	}
}

// Warn tells every environment of the process: package main sets it. Nothing is swallowed.
var Warn = func(text string) {}

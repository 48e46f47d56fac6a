package main

import "sync/atomic"

// protect runs f and turns a panic into an error: nothing that a guest or a caller does may unwind into C or end the process.
func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = recoveredError(r)
		}
	}()
	return f()
}

var goroutines atomic.Int64 // those of calls and compilations

// goroutine starts one that is counted. f answers for its panics where an answer is owed; the last net is here. tell, which may be nil, is
// for who waits for f, and comes when it is not counted any more: he may look at the counts at once.
func goroutine(f, tell func()) {
	goroutines.Add(1)
	go func() {
		defer guarded(tell)
		defer goroutines.Add(-1)
		guarded(f)
	}()
}

func guarded(f func()) {
	if f == nil {
		return
	}
	if err := protect(func() error { f(); return nil }); err != nil {
		warn(err.Error())
	}
}

// warn tells every environment; nothing is swallowed.
func warn(text string) {
	envs.Range(func(id, _ any) bool {
		post(id.(uint64), &message{kind: msgWarning, bytes: []byte(escaped(text, mostMessage, "\n\t"))})
		return true
	})
}

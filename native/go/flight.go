package main

import (
	"context"
	"sync"
	"time"

	"wazeronode/codecache"
	"wazeronode/failure"
)

// flight is one compilation, for everybody who asks a runtime for the same bytes while it goes on: each waits for it with a deadline of his
// own, and has a handle of his own to what it makes. It is stopped when nobody waits any more. What a listener hears is compiled alone.
type flight struct {
	rt       *runtimeState
	sum      codecache.Key // of the bytes, under which the runtime has it, or zeros
	cancel   context.CancelFunc
	progress progress
	done     chan struct{} // closed when made and err are there
	made     *compiledState
	err      error

	mu    sync.Mutex
	users int // who waits, then who has a handle; none come after the last has gone
	ended bool
}

// flights are those that can be joined.
type flights struct {
	mu    sync.Mutex
	bySum map[codecache.Key]*flight
}

func (rt *runtimeState) join(binary []byte, workers uint32, listener *listenerState) *flight {
	if listener != nil {
		return rt.depart(codecache.Key{}, binary, workers, listener)
	}
	sum := codecache.Sum(binary)
	rt.flights.mu.Lock()
	defer rt.flights.mu.Unlock()
	if f := rt.flights.bySum[sum]; f != nil && f.board() {
		return f
	}
	f := rt.depart(sum, binary, workers, nil)
	rt.flights.bySum[sum] = f
	return f
}

func (rt *runtimeState) depart(sum codecache.Key, binary []byte, workers uint32, listener *listenerState) *flight {
	f := &flight{rt: rt, sum: sum, done: make(chan struct{}), users: 1}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	failure.Go(func() {
		defer cancel()
		f.err = failure.Protect(func() (err error) {
			f.made, err = rt.compile(f.progress.attach(ctx), binary, sum, workers, listener)
			return
		})
		f.land()
	}, func() { close(f.done) })
	return f
}

// board is false where the last of its users has gone.
func (f *flight) board() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.users == 0 {
		return false
	}
	f.users++
	return true
}

func (f *flight) land() {
	f.rt.flights.mu.Lock()
	if f.rt.flights.bySum[f.sum] == f {
		delete(f.rt.flights.bySum, f.sum)
	}
	f.rt.flights.mu.Unlock()
	f.mu.Lock()
	f.ended = true
	unused := f.users == 0
	f.mu.Unlock()
	if unused {
		f.discard()
	}
}

// leave is called once by each user: he waits no longer, or closes his handle.
func (f *flight) leave() {
	f.mu.Lock()
	f.users--
	last, ended := f.users == 0, f.ended
	f.mu.Unlock()
	if last {
		f.cancel()
		if ended {
			f.discard()
		}
	}
}

func (f *flight) discard() {
	if f.made == nil {
		return
	}
	if f.made.inner != nil {
		_ = f.made.inner.Close(context.Background())
	}
	f.made.salt.release()
}

// hold keeps the code until letGo: its handle may be closed while it is instantiated. A host module has none.
func (c *compiledState) hold() bool { return c.flight == nil || c.flight.board() }

func (c *compiledState) letGo() {
	if c.flight != nil {
		c.flight.leave()
	}
}

// wait is called once by each user. It ends with ctx, whatever the compiler does.
func (f *flight) wait(ctx context.Context) (*compiledState, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		select {
		case <-f.done:
		default:
			f.leave()
			return nil, context.Cause(ctx)
		}
	}
	if f.err != nil {
		return nil, f.err
	}
	c := *f.made
	c.flight = f
	return f.rt.addCompiled(&c), nil
}

// startCompile is for a compilation that JavaScript waits for off its thread; done is called exactly once.
func (rt *runtimeState) startCompile(binary func() []byte, workers uint32, listener *listenerState, timeout time.Duration, id uint64, done func(*compiledState, error)) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &request{cancel: func(reason string) { cancel(compileAborted(reason)) }}
	if !rt.env.addRequest(id, r) {
		cancel(nil)
		return failure.Closed("the environment has ended")
	}
	var made *compiledState
	var err error
	failure.Go(func() {
		defer cancel(nil)
		defer rt.env.removeRequest(id)
		if timeout > 0 {
			t := time.AfterFunc(timeout, func() { cancel(compileAborted("timeout")) })
			defer t.Stop()
		}
		f := rt.join(binary(), workers, listener)
		r.flight.Store(f)
		made, err = f.wait(ctx)
	}, func() { done(made, err) })
	return nil
}

func (rt *runtimeState) compileSync(binary []byte, workers uint32, listener *listenerState, timeout time.Duration) (*compiledState, error) {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, compileAborted("timeout"))
		defer cancel()
	}
	return rt.join(binary, workers, listener).wait(ctx)
}

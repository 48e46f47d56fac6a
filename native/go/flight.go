package main

import (
	"context"
	"errors"
	"time"

	"wazeronode/codecache"
	"wazeronode/failure"
	"wazeronode/flights"
)

// flight is one compilation, for everybody who asks a runtime for the same bytes while it goes on, or while somebody has what it made: to decode a large
// module again takes longer than all else that an instance needs.
type flight = flights.Flight[*compiledState]

// join: what a listener hears is compiled alone.
func (rt *runtimeState) join(from moduleBytes, workers uint32, listener *listenerState) (*flight, error) {
	bytes, sum, err := from()
	if err != nil {
		return nil, err
	}
	make := func(ctx context.Context) (*compiledState, error) {
		return rt.compile(ctx, bytes, sum, compilation{workers: workers, listener: listener})
	}
	if listener != nil {
		return rt.flights.Alone(make, (*compiledState).giveUp), nil
	}
	return rt.flights.Join(rt.flightOf(sum), make, (*compiledState).giveUp), nil
}

// flightOf is what compilations of the same bytes that come to the same code have in common: what was compiled while no guarded memory was to be had
// is not for who compiles when there are some again.
func (rt *runtimeState) flightOf(sum codecache.Key) codecache.Key {
	if !rt.guards(rt.guardPages()) {
		sum[0] ^= 1
	}
	return sum
}

var errUnknown = errors.New("there is no code of this module in memory")

// mostAtOnce is the length of modules that are decoded on the JS thread, which asked for another: that takes less time than the way to one and back.
const mostAtOnce = 16 << 10

// joinAtOnce is join of what has code in memory already, another runtime's as a rule, and is little; nil: it is to be joined.
func (rt *runtimeState) joinAtOnce(from moduleBytes, listener *listenerState) *flight {
	if listener != nil || rt.isClosed() {
		return nil
	}
	bytes, sum, _ := from()
	if !rt.knows(sum) { // before the pre-scan, which the other way does as well
		return nil
	}
	return rt.flights.AtOnce(rt.flightOf(sum), func(ctx context.Context) (*compiledState, error) {
		return rt.compile(ctx, bytes, sum, compilation{workers: 1, known: true})
	}, (*compiledState).giveUp)
}

// giveUp is for what a flight made and nobody uses any more.
func (c *compiledState) giveUp() {
	if c.inner != nil {
		_ = c.inner.Close(context.Background())
	}
	c.salt.Release()
	c.other.giveUp()
	c.beginning.giveUp()
}

// wait gives what the flight makes a handle of its own.
func (rt *runtimeState) wait(ctx context.Context, f *flight) (*compiledState, error) {
	made, err := f.Wait(ctx)
	if err != nil {
		return nil, err
	}
	c := *made
	c.flight = f
	return rt.addCompiled(&c), nil
}

// hold keeps the code until letGo: its handle may be closed while it is instantiated, and while there are instances, which can be frozen. A
// host module has none.
func (c *compiledState) hold() bool { return c.flight == nil || c.flight.Board() }

func (c *compiledState) letGo() {
	if c.flight != nil {
		c.flight.Leave()
	}
}

// startCompile is for a compilation that JavaScript waits for off its thread; done is called exactly once.
func (rt *runtimeState) startCompile(from moduleBytes, workers uint32, listener *listenerState, timeout time.Duration, id uint64, done func(*compiledState, error)) error {
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
		var f *flight
		if f, err = rt.join(from, workers, listener); err != nil {
			return
		}
		r.flight.Store(f)
		made, err = rt.wait(ctx, f)
	}, func() { done(made, err) })
	return nil
}

func (rt *runtimeState) compileSync(from moduleBytes, workers uint32, listener *listenerState, timeout time.Duration) (*compiledState, error) {
	ctx := context.Background()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, compileAborted("timeout"))
		defer cancel()
	}
	f, err := rt.join(from, workers, listener)
	if err != nil {
		return nil, err
	}
	return rt.wait(ctx, f)
}

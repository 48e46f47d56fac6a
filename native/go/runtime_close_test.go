//go:build wazero_harness

package main

import (
	"context"
	"testing"

	"wazeronode/failure"
)

// A compilation goes on for a while after its last user has left, and the runtime may be closed meanwhile: wazero's store and engine then had no more
// maps to write to, and a Worker that was terminated told of a panic.
func TestRuntimeClosesWhenNothingIsCompiledInIt(t *testing.T) {
	const env = 1 << 40
	openEnv(env)
	e, _ := findEnv(env)
	cache, err := newCache(env, "", "")
	if err != nil {
		t.Fatal(err)
	}
	rt, _, err := newRuntime(env, &runtimeConfig{compilationCache: cache})
	if err != nil {
		t.Fatal(err)
	}
	begun, let := make(chan struct{}), make(chan struct{})
	f := rt.flights.Alone(func(context.Context) (*compiledState, error) {
		close(begun)
		<-let
		return rt.compile(context.Background(), harnessGuest, [32]byte{}, compilation{workers: 1})
	}, (*compiledState).giveUp)
	<-begun
	e.close() // and all that it owns, on another goroutine
	waitFor(t, "the runtime is closed", rt.isClosed)
	waitFor(t, "nothing is owned any more", func() bool { rt.mu.Lock(); defer rt.mu.Unlock(); return rt.owned == nil })
	close(let)
	made, err := f.Wait(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	f.Leave()
	waitFor(t, "wazero's runtime is closed", func() bool {
		_, err := rt.inner.CompileModule(context.Background(), harnessGuest)
		return err != nil
	})
	if err := failure.Protect(func() error { return made.inner.Close(context.Background()) }); err != nil {
		t.Fatal(err)
	}
}

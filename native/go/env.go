package main

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"wazeronode/abi"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
	"wazeronode/shown"
)

// env is one Node environment (the main thread or a Worker): it owns what it opened.
type env struct {
	id       uint64
	mu       sync.Mutex
	closed   bool
	frames   map[uint64]*frame
	requests map[uint64]*request // compilations
	runtimes map[*runtimeState]struct{}
	caches   map[handles.Handle]struct{}
	directs  map[*directState]struct{}
}

// request is a compilation off the JS thread.
type request struct {
	cancel func(reason string)
	flight atomic.Pointer[flight] // once it has one
	pieces *pieces                // while it comes in pieces
}

var envs sync.Map // id -> *env

func findEnv(id uint64) (*env, error) {
	if e, ok := envs.Load(id); ok {
		return e.(*env), nil
	}
	return nil, failure.Closed("the environment has ended")
}

func openEnv(id uint64) {
	envs.Store(id, &env{id: id, frames: map[uint64]*frame{}, requests: map[uint64]*request{}, runtimes: map[*runtimeState]struct{}{}, caches: map[handles.Handle]struct{}{}, directs: map[*directState]struct{}{}})
}

func (e *env) addFrame(f *frame) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.frames[f.ID()] = f
	return true
}

func (e *env) removeFrame(f *frame) {
	e.mu.Lock()
	delete(e.frames, f.ID())
	last := e.closed && len(e.frames) == 0
	e.mu.Unlock()
	if last {
		e.closeRuntimes()
	}
}

func (e *env) frame(id uint64) *frame {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.frames[id]
}

// close never waits: frames are stopped, and what the environment owns is closed when the last of them has ended. A guest that
// cannot be stopped keeps its runtime: abandoned, not freed under it.
func (e *env) close() {
	envs.Delete(e.id)
	e.mu.Lock()
	e.closed = true
	running := make([]*frame, 0, len(e.frames))
	for _, f := range e.frames {
		running = append(running, f)
	}
	cancels := make([]func(string), 0, len(e.requests))
	for _, r := range e.requests {
		cancels = append(cancels, r.cancel)
	}
	for d := range e.directs { // nobody enters any more; a call under way has been adopted
		if d.known {
			continue // it is needed to the end of its call
		}
		handles.Remove(d.handle, handles.Direct)
		callEngines.Add(-1)
		delete(e.directs, d)
	}
	e.mu.Unlock()
	for _, cancel := range cancels { // each may take itself off the list
		cancel("close")
	}
	for _, f := range running {
		f.StopSelf(frames.StopWord(abi.StopClose, 0))
	}
	if len(running) == 0 {
		e.closeRuntimes()
	}
	closeTenants(e.id)
	dropSampler(e.id)
}

func (e *env) closeRuntimes() {
	e.mu.Lock()
	all := make([]*runtimeState, 0, len(e.runtimes))
	for rt := range e.runtimes {
		all = append(all, rt)
	}
	caches := slices.Collect(maps.Keys(e.caches))
	e.mu.Unlock()
	failure.Go(func() {
		for _, rt := range all {
			_ = failure.Protect(func() error { rt.abandon(); return nil }) // nobody is left to tell
		}
		for _, h := range caches {
			_ = failure.Protect(func() error { return closeCache(h) })
		}
	}, nil)
}

func (e *env) addCache(h handles.Handle) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.caches[h] = struct{}{}
	}
	return !e.closed
}

func (e *env) removeCache(h handles.Handle) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.caches, h)
}

func (e *env) addRuntime(rt *runtimeState) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.runtimes[rt] = struct{}{}
	}
	return !e.closed
}

func (e *env) removeRuntime(rt *runtimeState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.runtimes, rt)
}

func (e *env) addRequest(id uint64, r *request) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.requests[id] = r
	}
	return !e.closed
}

func (e *env) removeRequest(id uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.requests, id)
}

// request is nil where it has ended.
func (e *env) request(id uint64) *request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.requests[id]
}

func init() { failure.Warn = warnAll }

// warnAll tells every environment; nothing is swallowed.
func warnAll(text string) {
	envs.Range(func(id, _ any) bool {
		post(id.(uint64), abi.Message{Kind: abi.MsgWarning, Bytes: []byte(shown.Escaped(text, shown.MostMessage, "\n\t"))})
		return true
	})
}

package main

import (
	"context"
	"sync"

	"github.com/tetratelabs/wazero"

	"wazeronode/failure"
	"wazeronode/handles"
)

// cacheState is a wazero.CompilationCache; one that has a name is shared by the environments of the process.
type cacheState struct {
	inner wazero.CompilationCache
	disk  *diskCache // nil: in memory only
	name  string
	refs  int // handles and open runtimes, guarded by sharedCaches.mu
}

var sharedCaches = struct {
	mu     sync.Mutex
	byName map[string]*cacheState
}{byName: map[string]*cacheState{}}

func newCache(envID uint64, directory, name string) (handles.Handle, error) {
	e, err := findEnv(envID)
	if err != nil {
		return 0, err
	}
	c, err := findCache(directory, name)
	if err != nil {
		return 0, err
	}
	h := handles.Add(handles.Cache, c)
	if !e.addCache(h) {
		_ = closeCache(h)
		return 0, failure.Closed("the environment has ended")
	}
	return h, nil
}

func findCache(directory, name string) (*cacheState, error) {
	if directory != "" {
		inner, disk, err := newDiskCache(directory)
		if err != nil {
			return nil, failure.Invalid(err.Error())
		}
		return &cacheState{inner: inner, disk: disk, refs: 1}, nil
	}
	if name == "" {
		return &cacheState{inner: wazero.NewCompilationCache(), refs: 1}, nil
	}
	sharedCaches.mu.Lock()
	defer sharedCaches.mu.Unlock()
	c := sharedCaches.byName[name]
	if c == nil {
		c = &cacheState{inner: wazero.NewCompilationCache(), name: name}
		sharedCaches.byName[name] = c
	}
	c.refs++
	return c, nil
}

// hold is for a runtime that is made with it, by who has a handle; nothing of nil.
func (c *cacheState) hold() *cacheState {
	if c == nil {
		return nil
	}
	sharedCaches.mu.Lock()
	defer sharedCaches.mu.Unlock()
	c.refs++
	return c
}

// disk is nil where the runtime keeps code in memory only.
func (rt *runtimeState) disk() *diskCache {
	if rt.cache == nil {
		return nil
	}
	return rt.cache.disk
}

// letGo closes it after the last handle and the last runtime; nothing of nil.
func (c *cacheState) letGo() error {
	if c == nil {
		return nil
	}
	sharedCaches.mu.Lock()
	c.refs--
	last := c.refs == 0
	if last && c.name != "" {
		delete(sharedCaches.byName, c.name)
	}
	sharedCaches.mu.Unlock()
	if !last {
		return nil
	}
	return c.inner.Close(context.Background())
}

// closeCache is called when the last runtime of this environment that uses it is closed.
func closeCache(h handles.Handle) error {
	c, _ := handles.Remove(h, handles.Cache).(*cacheState)
	if c == nil {
		return nil
	}
	envs.Range(func(_, e any) bool { e.(*env).removeCache(h); return true })
	return c.letGo()
}

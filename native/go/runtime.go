package main

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"wazeronode/arena"
	"wazeronode/failure"
	"wazeronode/flights"
	"wazeronode/handles"
	"wazeronode/slots"
)

// runtimeState is a wazero.Runtime of one environment.
type runtimeState struct {
	handle handles.Handle
	env    *env
	inner  wazero.Runtime
	engine string
	config *runtimeConfig
	budget *arena.Budget
	cache  *cacheState   // held until inner is closed, or nil
	gate   chan struct{} // one token per compilation that may run
	share  slots.Share   // of the slots

	flights flights.Group[*compiledState]

	hasHostFunctions atomic.Bool // in JavaScript

	mu      sync.Mutex
	closed  bool
	owned   map[interface{ disown() }]struct{} // *moduleState and *compiledState whose handles are in use
	tags    map[any]*tagState                  // by wazero's
	modules map[api.Module]*moduleState        // open ones by wazero's instance: whose function is calling?
	memory  map[uintptr]*guestMemory           // by base address: which memory does a module use?
}

func newRuntime(envID uint64, config *runtimeConfig) (*runtimeState, string, error) {
	e, err := findEnv(envID)
	if err != nil {
		return nil, "", err
	}
	if config.fuel && !engineEdited {
		return nil, "", &failure.Error{Code: failure.CodeNotImplemented, Message: "withFuel needs the edited engine"}
	}
	rc := config.build()
	var cache *cacheState
	if config.compilationCache != 0 {
		if cache, err = handles.Lookup[*cacheState](config.compilationCache, handles.Cache); err != nil {
			return nil, "", err
		}
		rc = rc.WithCompilationCache(cache.inner)
	}
	compiles := int(config.concurrentCompiles)
	if compiles == 0 {
		compiles = slots.Processors()
	}
	rt := &runtimeState{
		env: e, config: config, gate: make(chan struct{}, compiles),
		budget:  arena.NewBudget(config.totalMemory()),
		owned:   map[interface{ disown() }]struct{}{},
		modules: map[api.Module]*moduleState{},
		memory:  map[uintptr]*guestMemory{},
	}
	if err = failure.Protect(func() error { rt.inner = wazero.NewRuntimeWithConfig(context.Background(), rc); return nil }); err != nil {
		// By default wazero tries, and takes the interpreter.
		return nil, "", &failure.Error{Code: failure.CodeUnsupported, Message: "the compiler gets no memory whose content can be executed here: use RuntimeConfig.interpreter()"}
	}
	if rt.engine = engineName(rt.inner); rt.engine == "compiler" && config.coreFeatures == nil {
		compilerHere.Store(true)
	}
	rt.cache = cache.hold()
	if !e.addRuntime(rt) {
		_ = rt.closeInner(0)
		return nil, "", failure.Closed("the environment has ended")
	}
	rt.handle = handles.Add(handles.Runtime, rt)
	return rt, rt.engine, nil
}

// close is called when no frame of the runtime is in flight.
func (rt *runtimeState) close(exitCode uint32) error {
	rt.mu.Lock()
	if rt.closed {
		rt.mu.Unlock()
		return nil
	}
	rt.closed = true
	open := slices.Collect(maps.Values(rt.modules))
	rt.mu.Unlock()
	handles.Remove(rt.handle, handles.Runtime)
	for _, m := range open {
		m.Close(exitCode)
	}
	err := rt.flights.Close(func() error { return rt.closeInner(exitCode) })
	rt.env.removeRuntime(rt)
	rt.mu.Lock()
	owned := slices.Collect(maps.Keys(rt.owned))
	rt.owned = nil
	rt.mu.Unlock()
	for _, o := range owned {
		o.disown()
	}
	return err
}

// closeInner: its cache goes after it.
func (rt *runtimeState) closeInner(exitCode uint32) error {
	return errors.Join(rt.inner.CloseWithExitCode(context.Background(), exitCode), rt.cache.letGo())
}

// own keeps what has a handle until it is disowned: by its user, or when the runtime is closed. What comes later, a compilation that ended
// meanwhile, is disowned at once.
func (rt *runtimeState) own(o interface{ disown() }) {
	rt.mu.Lock()
	late := rt.owned == nil
	if !late {
		rt.owned[o] = struct{}{}
	}
	rt.mu.Unlock()
	if late {
		o.disown()
	}
}

func (rt *runtimeState) release(o interface{ disown() }) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	delete(rt.owned, o)
}

// abandon closes the runtime of an environment that has ended.
func (rt *runtimeState) abandon() { _ = rt.close(0) }

// caller finds the module that a host function was called from. One that is not known is being instantiated by this frame: its
// start section runs before wazero has handed it out.
func (rt *runtimeState) caller(f *frame, m api.Module) handles.Handle {
	if f.callerInner == m {
		return f.caller
	}
	rt.mu.Lock()
	ms := rt.modules[m]
	rt.mu.Unlock()
	if ms == nil {
		ms = f.module
		if ms.inner == nil && !ms.host {
			ms.adopt(m)
		}
	}
	if ms == f.module {
		ms.told = true
	}
	f.callerInner, f.caller = m, ms.handle
	return ms.handle
}

// engineName looks which engine wazero has taken: it does not say, and NewRuntimeConfig decides by the CPU and the system.
func engineName(r wazero.Runtime) string {
	engine := reflect.ValueOf(r).Elem().FieldByName("store").Elem().FieldByName("Engine").Elem()
	if strings.Contains(engine.Elem().Type().PkgPath(), "interpreter") {
		return "interpreter"
	}
	return "compiler"
}

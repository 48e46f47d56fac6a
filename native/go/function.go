package main

import (
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"

	"wazeronode/describe"
	"wazeronode/handles"
)

// functionState is an exported function with its idle call engines: one engine serves one call at a time, and making one allocates.
type functionState struct {
	handle handles.Handle
	module *moduleState
	name   string
	size   int                 // words, of the larger of parameters and results
	again  func() api.Function // instead of the name: of a table

	mu   sync.Mutex
	idle []api.Function
}

// function finds an exported function; nil if there is none of that name.
func (m *moduleState) function(name string) (*functionState, error) {
	if m.IsClosed() {
		return nil, errClosedModule
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.functions[name]; f != nil {
		return f, nil
	}
	if m.host {
		return nil, nil
	}
	inner := m.newEngine(name)
	if inner == nil {
		return nil, nil
	}
	d := inner.Definition()
	f := &functionState{module: m, name: name, size: max(describe.Words(d.ParamTypes()), describe.Words(d.ResultTypes()))}
	f.put(inner)
	f.handle = m.own(handles.Function, f)
	m.functions[name] = f
	return f, nil
}

var callEngines atomic.Int64 // of modules that are not released

func (f *functionState) get() api.Function {
	f.mu.Lock()
	if n := len(f.idle); n > 0 {
		fn := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.mu.Unlock()
		return fn
	}
	f.mu.Unlock()
	if f.again != nil {
		return f.module.countEngine(f.again())
	}
	return f.module.newEngine(f.name)
}

func (f *functionState) put(fn api.Function) {
	f.mu.Lock()
	f.idle = append(f.idle, fn)
	f.mu.Unlock()
}

// newEngine makes a call engine; nil if there is no such function.
func (m *moduleState) newEngine(name string) api.Function {
	return m.countEngine(m.inner.ExportedFunction(name))
}

func (m *moduleState) countEngine(fn api.Function) api.Function {
	if fn != nil {
		m.engines.Add(1)
		callEngines.Add(1)
	}
	return fn
}

// forgetEngine is for one that is left to Go's collector. A module that is released has forgotten all of its own.
func (m *moduleState) forgetEngine() {
	if m.engines.Add(-1) >= 0 {
		callEngines.Add(-1)
	}
}

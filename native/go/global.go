package main

import (
	"github.com/tetratelabs/wazero/api"

	"wazeronode/failure"
	"wazeronode/handles"
)

type globalState struct {
	handle handles.Handle
	module *moduleState
	inner  api.Global
}

// global finds an exported global; nil if there is none of that name.
func (m *moduleState) global(name string) (*globalState, error) {
	if m.IsClosed() {
		return nil, errClosedModule
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.globals[name]; g != nil {
		return g, nil
	}
	inner := m.inner.ExportedGlobal(name)
	if inner == nil {
		return nil, nil
	}
	g := &globalState{module: m, inner: inner}
	g.handle = m.own(handles.Global, g)
	m.globals[name] = g
	return g, nil
}

func (g *globalState) mutable() bool {
	_, ok := g.inner.(api.MutableGlobal)
	return ok
}

func (g *globalState) get(words []uint64) error {
	if g.module.IsClosed() {
		return errClosedModule
	}
	words[0], words[1] = globalWords(g.inner)
	return nil
}

func (g *globalState) set(words []uint64) error {
	if g.module.IsClosed() {
		return errClosedModule
	}
	inner, ok := g.inner.(api.MutableGlobal)
	if !ok {
		return failure.Invalid("Expected a mutable global but received an immutable one")
	}
	setGlobalWords(inner, words[0], words[1])
	return nil
}

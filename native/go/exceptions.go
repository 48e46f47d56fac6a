package main

import (
	"strconv"

	"github.com/tetratelabs/wazero/api"

	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
)

// tagState is a tag as JavaScript knows it: one for each of wazero's, owned by the module that it was first seen at.
type tagState struct {
	handle handles.Handle
	inner  any // wazero's
	types  []api.ValueType
}

// exportedTag finds an exported tag; nil if there is none of that name.
func (m *moduleState) exportedTag(name string) (*tagState, error) {
	if m.IsClosed() {
		return nil, errClosedModule
	}
	inner, types := exportedTag(m.inner, name)
	if inner == nil {
		return nil, nil
	}
	return m.tagOf(inner, types), nil
}

func (m *moduleState) tagOf(inner any, types []api.ValueType) *tagState {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rt.mu.Lock()
	defer m.rt.mu.Unlock()
	if t := m.rt.tags[inner]; t != nil {
		return t
	}
	t := &tagState{inner: inner, types: types}
	t.handle = m.own(handles.Tag, t)
	if m.rt.tags == nil {
		m.rt.tags = map[any]*tagState{}
	}
	m.rt.tags[inner] = t
	m.tags = append(m.tags, t)
	return t
}

// forgetTags is for when its handles go.
func (m *moduleState) forgetTags() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rt.mu.Lock()
	defer m.rt.mu.Unlock()
	for _, t := range m.tags {
		if m.rt.tags[t.inner] == t {
			delete(m.rt.tags, t.inner)
		}
	}
	m.tags = nil
}

// exceptions are those that host functions of one call have thrown.
type exceptions struct {
	pending any   // until the engine takes it
	thrown  []any // all, the last first of which are kept: who throws millions in one call gets the last ones back as the same
	dropped int
}

const mostThrown = 1024

func (x *exceptions) drop() {
	if x.pending != nil {
		x.pending = nil
		addThrowing(-1)
	}
	x.thrown = nil
}

// throw is what the host function in JavaScript does once it has answered. The number tells the exception from others of the call.
func (f *frame) throw(t *tagState, words []uint64) (uint64, error) {
	f.awaitQuestion()
	if f.hostContext == nil {
		return 0, failure.Invalid("Expected an exception to be thrown in a host function that has not answered yet")
	}
	if len(words) != len(t.types) {
		return 0, failure.Invalid("Expected as many words as the tag has values")
	}
	x := &f.exceptions
	if x.pending == nil {
		addThrowing(1)
	}
	x.pending = newException(t.inner, words)
	if len(x.thrown) == mostThrown {
		x.thrown, x.dropped = append([]any(nil), x.thrown[mostThrown/2:]...), x.dropped+mostThrown/2
	}
	x.thrown = append(x.thrown, x.pending)
	return uint64(x.dropped + len(x.thrown)), nil
}

// frameExceptions is the frame as the engine asks it.
type frameExceptions struct{ f *frame }

func (e frameExceptions) TakeThrown() any {
	x := &e.f.exceptions
	exception := x.pending
	if exception != nil {
		x.pending = nil
		addThrowing(-1)
	}
	return exception
}

func (e frameExceptions) Uncaught(exception any) {
	f := e.f
	f.Frame.Uncaught = func() *failure.Exception {
		inner, types, words := exceptionOf(exception)
		x := &failure.Exception{Tag: uint64(f.module.tagOf(inner, types).handle), Types: describe.TypeNames(types), Words: []string{}}
		for _, word := range words {
			x.Words = append(x.Words, strconv.FormatUint(word, 10))
		}
		for i, thrown := range f.exceptions.thrown {
			if thrown == exception {
				x.Thrown = f.exceptions.dropped + i + 1
			}
		}
		return x
	}
}

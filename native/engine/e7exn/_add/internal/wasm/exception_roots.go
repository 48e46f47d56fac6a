package wasm

import (
	"errors"
	"sync"
	"sync/atomic"
	"unsafe"
)

// References to exceptions are addresses in the guest's values, where the collector does not see them. So whatever a
// call has caught by reference stays alive as long as the call does or, when there are many, as long as a word that
// equals its address is found where the guest keeps values. They cannot leave the call through parameters or results.
// Globals and tables of such references, which no known compiler makes, are the exception: where there are any, all
// that was caught by reference stays alive with the store.

const (
	firstExceptionSweep = 1024
	maxExceptions       = 1 << 17

	firstParamSweep    = 1 << 20
	maxExceptionParams = 1 << 21 // of all of them together, 16 MiB: one may have 1,000
)

var errTooManyExceptions = errors.New("too many references to exceptions")

// ExceptionRoots are those of a running call.
type ExceptionRoots struct {
	live      map[uintptr]*Exception
	low, high uintptr // the lowest and highest address in live
	sweepAt   int

	params, sweepParamsAt int // how many params live has

	// KeepAll is set when values of the guest may be where words does not look: in a snapshot.
	KeepAll bool
}

// Add is called when e has been caught by reference. words passes each word to look at, more than once if it likes.
func (r *ExceptionRoots) Add(m *ModuleInstance, e *Exception, words func(look func(word uint64))) {
	if r.live == nil {
		r.live, r.sweepAt, r.sweepParamsAt, r.low = map[uintptr]*Exception{}, firstExceptionSweep, firstParamSweep, ^uintptr(0)
	}
	stored := m.s.exceptions.stored.Load()
	if stored && m.s.exceptions.full() {
		panic(errTooManyExceptions)
	}
	address := uintptr(unsafe.Pointer(e))
	if r.live[address] == nil {
		r.live[address] = e
		r.params += len(e.Params)
	}
	r.low, r.high = min(r.low, address), max(r.high, address)
	if len(r.live) < r.sweepAt && r.params < r.sweepParamsAt {
		return
	}
	if !r.KeepAll && !stored {
		found := map[uintptr]*Exception{}
		params := 0
		var look func(word uint64)
		look = func(word uint64) {
			if uintptr(word) < r.low || uintptr(word) > r.high {
				return
			}
			if e := r.live[uintptr(word)]; e != nil && found[uintptr(word)] == nil {
				found[uintptr(word)] = e
				params += len(e.Params)
				for _, param := range e.Params { // may be references too
					look(param)
				}
			}
		}
		look(uint64(address))
		words(look)
		r.live, r.params = found, params
	}
	if len(r.live) > maxExceptions || r.params > maxExceptionParams {
		panic(errTooManyExceptions)
	}
	r.sweepAt, r.sweepParamsAt = max(firstExceptionSweep, 2*len(r.live)), max(firstParamSweep, 2*r.params)
}

// End ends the call. Small, to be inlined.
func (r *ExceptionRoots) End(m *ModuleInstance) {
	if r.live != nil || r.KeepAll {
		r.end(m)
	}
}

func (r *ExceptionRoots) end(m *ModuleInstance) {
	if len(r.live) > 0 && m.s.exceptions.stored.Load() {
		m.s.exceptions.add(r.live)
	}
	*r = ExceptionRoots{}
}

// storedExceptions are those that globals and tables of a store may hold.
type storedExceptions struct {
	stored atomic.Bool // there are such globals or tables
	mux    sync.Mutex
	live   map[uintptr]*Exception
	params int
}

func (s *storedExceptions) add(live map[uintptr]*Exception) {
	s.mux.Lock()
	defer s.mux.Unlock()
	if s.live == nil {
		s.live = map[uintptr]*Exception{}
	}
	for address, e := range live {
		if s.live[address] == nil {
			s.live[address] = e
			s.params += len(e.Params)
		}
	}
}

// full tells that no call may catch more by reference.
func (s *storedExceptions) full() bool {
	s.mux.Lock()
	defer s.mux.Unlock()
	return len(s.live) > maxExceptions || s.params > maxExceptionParams
}

// instantiating is called for each module before it is instantiated.
func (s *storedExceptions) instantiating(m *Module) {
	for i := range m.GlobalSection {
		if t := m.GlobalSection[i].Type; t.Mutable && isException(t.ValType) {
			s.stored.Store(true)
		}
	}
	for i := range m.TableSection {
		if isException(m.TableSection[i].Type) {
			s.stored.Store(true)
		}
	}
}

func isException(t ValueType) bool { return t.Kind() == ValueTypeExnref.Kind() }

// ErrExceptionParam is the error of a call from outside with a reference to an exception that is not null.
var ErrExceptionParam = errors.New("a reference to an exception cannot be passed to a guest")

// ExceptionParams returns the positions of the parameters that are references to exceptions, in words.
func (f *FunctionType) ExceptionParams() (positions []int) {
	word := 0
	for _, t := range f.Params {
		if isException(t) {
			positions = append(positions, word)
		}
		if word++; t == ValueTypeV128 {
			word++
		}
	}
	return
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/abi"
	"wazeronode/codecache"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
	"wazeronode/prescan"
	"wazeronode/salts"
)

// listenerState is what one compilation is heard by: JavaScript, or a native log. It is ListenerDescription of src/native/binding.ts.
type listenerState struct {
	rt *runtimeState

	List       bool       `json:"list"`   // nothing is compiled: only say which functions there are
	Target     uint64     `json:"target"` // of MSG.listener
	Chosen     *[]byte    `json:"chosen"` // a bit for each function that the module defines: whether it is heard; nil: all are
	TellBefore bool       `json:"before"` // which events JavaScript wants
	TellAfter  bool       `json:"after"`
	TellAbort  bool       `json:"abort"`
	Log        *logTarget `json:"log"` // instead of JavaScript

	functions []api.FunctionDefinition // that the module defines, in the order of their indices
	last      int                      // how many there are
}

func newListener(rt *runtimeState, description []byte) (handles.Handle, error) {
	l := &listenerState{rt: rt}
	if err := json.Unmarshal(description, l); err != nil {
		return 0, failure.Invalid("Expected a listener's description but received " + err.Error())
	}
	return handles.Add(handles.Listener, l), nil
}

// compileTarget tells what wz_compile was given: a runtime, or a listener made for one compilation, which is used up now.
func compileTarget(h handles.Handle) (*runtimeState, *listenerState, error) {
	if l, _ := handles.Remove(h, handles.Listener).(*listenerState); l != nil {
		return l.rt, l, nil
	}
	rt, err := handles.Lookup[*runtimeState](h, handles.Runtime)
	return rt, nil, err
}

// errListed unwinds wazero once it has named every function: nothing of it is locked at that point, and nothing was compiled.
var errListed = failure.Invalid("the functions are listed")

// compileHeard compiles with the listener. wazero binds listeners to the code, and finds code by the bytes: a second listener on the
// same bytes would never be called, so those compilations that would meet get bytes that differ in a last custom section.
func (rt *runtimeState) compileHeard(ctx context.Context, binary []byte, l *listenerState) (*compiledState, error) {
	l.last = prescan.Functions(binary)
	ctx = experimental.WithFunctionListenerFactory(ctx, l)
	if l.List {
		if l.last > 0 {
			err := failure.Protect(func() error { _, err := rt.compileAnew(ctx, binary); return err })
			if err != errListed {
				return nil, failure.Classify(err, failure.CodeCompile)
			}
		}
		return &compiledState{rt: rt, functions: l.functions}, nil
	}
	salt := salts.Take(binary)
	binary = salt.Apply(binary)
	inner, err := rt.compileCode(ctx, binary, codecache.Sum(binary), l.heard(), false)
	if err != nil {
		salt.Release()
		return nil, err
	}
	heard := l.functions[len(l.functions)-l.last:] // named twice where a first attempt came to nothing
	return &compiledState{rt: rt, inner: inner, functions: heard, salt: salt, log: l.Log}, nil
}

// heard says which functions have a listener: their code is another one. It is not empty.
func (l *listenerState) heard() string {
	switch {
	case l.Log != nil:
		return fmt.Sprintf("log %q", slices.Sorted(slices.Values(l.Log.Scopes)))
	case !l.TellBefore && !l.TellAfter && !l.TellAbort:
		return "none"
	case l.Chosen == nil:
		return "all"
	}
	return fmt.Sprintf("chosen %x", sha256.Sum256(*l.Chosen))
}

func (l *listenerState) hears(function uint32) bool {
	return l.Chosen == nil || int(function/8) < len(*l.Chosen) && (*l.Chosen)[function/8]&(1<<(function%8)) != 0
}

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (l *listenerState) NewFunctionListener(def api.FunctionDefinition) experimental.FunctionListener {
	l.functions = append(l.functions, def)
	switch {
	case l.List:
		if len(l.functions) == l.last {
			panic(errListed)
		}
		return nil
	case l.Log != nil:
		return l.Log.NewFunctionListener(def)
	case !l.hears(def.Index() - l.functions[0].Index()):
		return nil
	case !l.TellBefore && !l.TellAfter && !l.TellAbort:
		return nil
	}
	return l
}

// heardCall is a call of a function that has a listener: the definition comes first, then those of callers that have none.
type heardCall []api.FunctionDefinition

// heardBegins keeps the stack for the events that wazero gives none with. What an exception or a snapshot has skipped is left out.
func (f *frame) heardBegins(def api.FunctionDefinition, it experimental.StackIterator) {
	call := heardCall{def}
	it.Next() // def itself
	for it.Next() {
		caller := it.Function().Definition()
		if at := f.lastHeard(caller); at >= 0 {
			f.heard = append(f.heard[:at+1], call)
			return
		}
		call = append(call, caller)
	}
	f.heard = append(f.heard[:0], call)
}

func (f *frame) heardEnds(def api.FunctionDefinition) {
	if at := f.lastHeard(def); at >= 0 {
		f.heard = f.heard[:at]
	}
}

func (f *frame) lastHeard(def api.FunctionDefinition) int {
	for at := len(f.heard) - 1; at >= 0; at-- {
		if f.heard[at][0] == def {
			return at
		}
	}
	return -1
}

// heardStack is innermost first, as far as its text stays below some 4 MiB: names and types of each function are the module's choice.
func (f *frame) heardStack() []describe.FunctionRecord {
	records := []describe.FunctionRecord{}
	const most = 4 << 20
	size := 0
	for i := len(f.heard) - 1; i >= 0; i-- {
		for _, def := range f.heard[i] {
			r := describe.Function(def)
			size += 256 + len(r.ModuleName) + len(r.Name) + 12*(len(r.ParamTypes)+len(r.ResultTypes)) + describe.NameBytes(r.ExportNames) + describe.NameBytes(r.ParamNames)
			if size > most && len(records) > 0 {
				return records
			}
			records = append(records, r)
		}
	}
	return records
}

const (
	eventBefore = 0
	eventAfter  = 1
	eventAbort  = 2
)

// tell asks JavaScript: words are the event, the function's index and its values.
func (l *listenerState) tell(f *frame, event uint64, mod api.Module, def api.FunctionDefinition, values []uint64, text []byte) {
	all := append([]uint64{event, uint64(def.Index())}, values...)
	f.Upcall(abi.Message{Kind: abi.MsgListener, Target: l.Target, Module: uint64(l.rt.caller(f, mod)), Words: all, Bytes: text}, nil, nil)
}

// Before implements experimental.FunctionListener.
func (l *listenerState) Before(ctx context.Context, mod api.Module, def api.FunctionDefinition, params []uint64, it experimental.StackIterator) {
	f := frameOf(ctx)
	if f == nil {
		return
	}
	f.heardBegins(def, it)
	if l.TellBefore {
		l.tell(f, eventBefore, mod, def, params[:describe.Words(def.ParamTypes())], nil)
	}
}

// After implements experimental.FunctionListener.
func (l *listenerState) After(ctx context.Context, mod api.Module, def api.FunctionDefinition, results []uint64) {
	f := frameOf(ctx)
	if f == nil {
		return
	}
	defer f.heardEnds(def)
	if l.TellAfter {
		l.tell(f, eventAfter, mod, def, results[:describe.Words(def.ResultTypes())], nil)
	}
}

// Abort implements experimental.FunctionListener. The guest unwinds already, in a place where no other panic may come: JavaScript
// reports what it throws, and a stop has said what it has to say.
func (l *listenerState) Abort(ctx context.Context, mod api.Module, def api.FunctionDefinition, err error) {
	f := frameOf(ctx)
	if f == nil {
		return
	}
	defer f.heardEnds(def)
	if !l.TellAbort {
		return
	}
	_ = failure.Protect(func() error {
		f.GiveSlot() // to read the error is to look for its sources; the question waits for another slot
		l.tell(f, eventAbort, mod, def, nil, f.Failure(err, failure.CodeTrap).JSON())
		return nil
	})
}

package main

import (
	"reflect"
	"runtime"
	"slices"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/table"

	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
)

// lookUp finds a function of a table; only while nothing of the link group runs on another thread.
func (m *moduleState) lookUp(tableIndex, offset uint32, params, results []api.ValueType) (*functionState, api.FunctionDefinition, error) {
	if m.IsClosed() {
		return nil, nil, errClosedModule
	}
	find := func() (fn api.Function, err error) {
		defer func() { err = orTrap(err, recover()) }()
		return table.LookupFunction(m.inner, tableIndex, offset, params, results), nil
	}
	fn, err := find()
	if err != nil {
		return nil, nil, err
	}
	reference := m.tableElement(tableIndex, offset)
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.tableFunctions[reference]; f != nil {
		return f, fn.Definition(), nil
	}
	f := &functionState{module: m, size: max(describe.Words(params), describe.Words(results))}
	f.again = func() api.Function { // the table may have changed since
		if m.tableElement(tableIndex, offset) != reference {
			return nil
		}
		fn, _ := find()
		return fn
	}
	f.put(m.countEngine(fn))
	f.handle = m.own(handles.Function, f)
	if m.tableFunctions == nil {
		m.tableFunctions = map[uint64]*functionState{}
	}
	m.tableFunctions[reference] = f
	return f, fn.Definition(), nil
}

// tableElement is the reference in a table, which tells a function of one instance from that of another; 0: there is none any more.
func (m *moduleState) tableElement(tableIndex, offset uint32) uint64 {
	tables := reflect.ValueOf(m.inner).Elem().FieldByName("Tables")
	elements := tables.Index(int(tableIndex)).Elem().FieldByName("References")
	if int(offset) >= elements.Len() {
		return 0
	}
	return elements.Index(int(offset)).Uint()
}

// orTrap gives what call_indirect would: wazero panics with the same errors.
func orTrap(err error, r any) error {
	switch r := r.(type) {
	case nil:
		return err
	case runtime.Error:
		return failure.Recovered(r)
	case error:
		if slices.Contains(failure.TrapKinds, r.Error()) {
			return &failure.Error{Code: failure.CodeTrap, Kind: r.Error(), Message: failure.WasmPrefix + r.Error()}
		}
		return failure.Recovered(r)
	default: // "table index out of range", which call_indirect refuses when it is compiled
		return &failure.Error{Code: failure.CodeTrap, Kind: "invalid table access", Message: failure.WasmPrefix + "invalid table access"}
	}
}

// internalGlobals gives a view of every global of the module, exported or not.
func (m *moduleState) internalGlobals() ([]*globalState, error) {
	inner, ok := m.inner.(experimental.InternalModule)
	if m.IsClosed() || !ok {
		return nil, errClosedModule
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.internals == nil {
		for i := range inner.NumGlobal() {
			g := &globalState{module: m, inner: inner.Global(i)}
			g.handle = m.own(handles.Global, g)
			m.internals = append(m.internals, g)
		}
	}
	return m.internals, nil
}

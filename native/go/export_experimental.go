package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"encoding/json"

	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
	"wazeronode/sockets"
)

//export wz_listener_new
func wz_listener_new(h C.wz_handle, description C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		l, err := newListener(rt, goBytes(description))
		return uint64(l), nil, err
	})
}

// findFrame is for what only makes sense while the frame waits for JavaScript.
func findFrame(env, id C.uint64_t) (*frame, error) {
	e, err := findEnv(uint64(env))
	if err != nil {
		return nil, err
	}
	f := e.frame(uint64(id))
	if f == nil {
		return nil, failure.Closed("the call has ended")
	}
	return f, nil
}

//export wz_frame_stack
func wz_frame_stack(env, id C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		f, err := findFrame(env, id)
		if err != nil {
			return 0, nil, err
		}
		text, err := asJSON(f.heardStack())
		return 0, text, err
	})
}

//export wz_snapshot
func wz_snapshot(env, id C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		f, err := findFrame(env, id)
		if err != nil {
			return 0, nil, err
		}
		snapshot, err := f.takeSnapshot()
		return snapshot, nil, err
	})
}

//export wz_snapshot_restore
func wz_snapshot_restore(env, id, snapshot C.uint64_t, words *C.uint64_t, count C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		f, err := findFrame(env, id)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, f.askRestore(uint64(snapshot), append([]uint64(nil), goWords(words, count)...))
	})
}

//export wz_table_function
func wz_table_function(h C.wz_handle, table, offset C.uint32_t, types C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		var signature struct{ Params, Results []string }
		if err := json.Unmarshal(goBytes(types), &signature); err != nil {
			return 0, nil, failure.Invalid("Expected the types of a function but received " + err.Error())
		}
		params, err := describe.ParseTypes(signature.Params)
		if err != nil {
			return 0, nil, err
		}
		results, err := describe.ParseTypes(signature.Results)
		if err != nil {
			return 0, nil, err
		}
		f, definition, err := m.lookUp(uint32(table), uint32(offset), params, results)
		if err != nil {
			return 0, nil, err
		}
		text, err := asJSON(describe.Function(definition))
		return uint64(f.handle), text, err
	})
}

//export wz_internal_globals
func wz_internal_globals(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		globals, err := m.internalGlobals()
		if err != nil {
			return 0, nil, err
		}
		type record struct {
			Handle handles.Handle `json:"handle"`
			Type   string         `json:"type"`
		}
		records := []record{}
		for _, g := range globals {
			records = append(records, record{g.handle, describe.TypeName(g.inner.Type())})
		}
		text, err := asJSON(records)
		return 0, text, err
	})
}

//export wz_tcp_addresses
func wz_tcp_addresses(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		text, err := asJSON(append([]sockets.Address{}, m.addresses...))
		return 0, text, err
	})
}

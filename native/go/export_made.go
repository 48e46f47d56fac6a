package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"wazeronode/abi"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
)

// What the host makes for guests to import, and tables.

//export wz_extern_new
func wz_extern_new(h, tenant C.wz_handle, kind C.uint32_t, types C.wz_str, least, most, flags C.uint32_t, words *C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		x := &made{kind: uint32(kind), min: uint32(least), max: uint32(most), flags: uint32(flags), tenant: handles.Handle(tenant)}
		copy(x.words[:], goWords(words, 2))
		if x.types, err = typesOf(goString(types)); err != nil {
			return 0, nil, err
		}
		m, err := rt.makeExtern(x)
		if err != nil {
			return 0, nil, err
		}
		return uint64(m.handle), nil, nil
	})
}

//export wz_module_join
func wz_module_join(h, other C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		a, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		b, err := handles.Lookup[*moduleState](handles.Handle(other), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, a.join(b)
	})
}

//export wz_module_reference
func wz_module_reference(h C.wz_handle, index C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		if m.IsClosed() || m.inner == nil {
			return 0, nil, errClosedModule
		}
		word, err := referenceTo(m.inner, uint32(index))
		if err == nil && word == 0 {
			err = failure.Invalid("Expected the index of a function of the module")
		}
		return word, nil, err
	})
}

//export wz_module_table
func wz_module_table(h C.wz_handle, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		handle, table, err := m.exportedTable(goString(name))
		if handle == 0 || err != nil {
			return 0, nil, err
		}
		of, plain := table.Type()
		least, most := table.Limits()
		text, err := asJSON(struct {
			Type  string  `json:"type"`
			Plain bool    `json:"plain"`
			Min   uint32  `json:"min"`
			Max   *uint32 `json:"max,omitempty"`
		}{describe.TypeName(of), plain, least, most})
		return uint64(handle), text, err
	})
}

//export wz_table_size
func wz_table_size(h C.wz_handle, size *C.uint32_t) C.uint32_t {
	t := findTable(handles.Handle(h))
	if t == nil {
		return abi.TableClosed
	}
	*size = C.uint32_t(t.inner.Size())
	return abi.TableDone
}

//export wz_table_get
func wz_table_get(h C.wz_handle, at C.uint32_t, word *C.uint64_t) C.uint32_t {
	t := findTable(handles.Handle(h))
	if t == nil {
		return abi.TableClosed
	}
	value, ok := t.inner.Get(uint32(at))
	if !ok {
		return abi.TableRefused
	}
	*word = C.uint64_t(value)
	return abi.TableDone
}

//export wz_table_fill
func wz_table_fill(h C.wz_handle, at, count C.uint32_t, word C.uint64_t) C.uint32_t {
	t := findTable(handles.Handle(h))
	switch {
	case t == nil:
		return abi.TableClosed
	case !t.inner.Fill(uint32(at), uint32(count), uint64(word)):
		return abi.TableRefused
	}
	return abi.TableDone
}

//export wz_table_grow
func wz_table_grow(h C.wz_handle, by C.uint32_t, was *C.uint32_t) C.uint32_t {
	status := C.uint32_t(abi.TableRefused)
	_ = failure.Protect(func() error {
		t := findTable(handles.Handle(h))
		if t == nil {
			status = abi.TableClosed
		} else if size, ok := t.inner.Grow(uint32(by)); ok {
			*was, status = C.uint32_t(size), abi.TableDone
		}
		return nil
	})
	return status
}

package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"wazeronode/describe"
	"wazeronode/handles"
)

// described answers a question to a large description. What crosses is bounded.
func described(h C.wz_handle, out *C.wz_result, ask func(d *describe.Description) (any, error)) {
	answer(out, func() (uint64, []byte, error) {
		d, err := handles.Lookup[*descriptionHandle](handles.Handle(h), handles.Description)
		if err != nil {
			return 0, nil, err
		}
		record, err := ask(d.Description)
		if err != nil {
			return 0, nil, err
		}
		text, err := asJSON(record)
		return 0, text, err
	})
}

//export wz_description_find
func wz_description_find(h C.wz_handle, which C.uint32_t, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		d, err := handles.Lookup[*descriptionHandle](handles.Handle(h), handles.Description)
		if err != nil {
			return 0, nil, err
		}
		return d.Find(uint32(which), goString(name)), nil, nil
	})
}

//export wz_description_line
func wz_description_line(h C.wz_handle, line C.uint32_t, out *C.wz_result) {
	described(h, out, func(d *describe.Description) (any, error) { return d.Line(uint32(line)) })
}

//export wz_description_names
func wz_description_names(h C.wz_handle, which, from C.uint32_t, out *C.wz_result) {
	described(h, out, func(d *describe.Description) (any, error) { return d.Names(uint32(which), uint32(from)) })
}

//export wz_description_type
func wz_description_type(h C.wz_handle, number C.uint32_t, out *C.wz_result) {
	described(h, out, func(d *describe.Description) (any, error) { return d.Type(uint32(number)) })
}

//export wz_description_close
func wz_description_close(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		if d, _ := handles.Get(handles.Handle(h), handles.Description).(*descriptionHandle); d != nil {
			d.disown()
		}
		return 0, nil, nil
	})
}

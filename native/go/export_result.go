package main

/*
#include <stdlib.h>
#include "wazero_node.h"
*/
import "C"

import (
	"encoding/json"
	"math"
	"unsafe"

	"wazeronode/abi"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
)

// answer runs an export's work and fills in the result; a panic becomes an error. text is copied to memory of C.
func answer(out *C.wz_result, work func() (value uint64, text []byte, err error)) {
	var value uint64
	var text []byte
	err := failure.Protect(func() (err error) { value, text, err = work(); return })
	out.status, out.value, out.text, out.text_len = C.WZ_OK, C.uint64_t(value), nil, 0
	if err != nil {
		out.status = C.WZ_ERROR
		text = failure.Of(err).JSON()
	}
	if len(text) > 0 {
		out.text, out.text_len = (*C.char)(C.CBytes(text)), C.size_t(len(text))
	}
}

// asJSON is for descriptions, which hold nothing that cannot be encoded.
func asJSON(v any) ([]byte, error) { return json.Marshal(v) }

// done tells JavaScript the end of a request.
func done(env, request uint64, target handles.Handle, payload []byte, err error) {
	m := ending(target, nil, payload, err)
	m.Frame = request
	post(env, m)
}

// done tells JavaScript the end of an asynchronous frame.
func (f *frame) done(target handles.Handle, words []uint64, payload []byte, err error) {
	f.Tell(ending(target, words, payload, err))
}

func ending(target handles.Handle, words []uint64, payload []byte, err error) abi.Message {
	m := abi.Message{Kind: abi.MsgDone, Target: uint64(target), Words: words, Bytes: payload}
	if err != nil {
		m.Status, m.Words, m.Bytes = C.WZ_ERROR, nil, failure.Of(err).JSON()
	}
	return m
}

func readFrameOptions(o *C.wz_frame_options) frames.Options {
	return frames.Options{Env: uint64(o.env), Frame: uint64(o.frame), Lane: uint32(o.lane), Timeout: nanoseconds(o.timeout_ns), Fuel: uint64(o.fuel),
		CPU: nanoseconds(C.int64_t(min(o.cpu_ns, math.MaxInt64))), Ran: nanoseconds(C.int64_t(o.ran_ns))}
}

func goWords(p *C.uint64_t, n C.uint32_t) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(p)), int(n))
}

func goData(p *C.uint8_t, n C.size_t) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)) }

package main

/*
#include <stdlib.h>
#include "wazero_node.h"
*/
import "C"

import (
	"encoding/json"
	"unsafe"
)

// answer runs an export's work and fills in the result; a panic becomes an error. text is copied to memory of C.
func answer(out *C.wz_result, work func() (value uint64, text []byte, err error)) {
	var value uint64
	var text []byte
	err := protect(func() (err error) { value, text, err = work(); return })
	out.status, out.value, out.text, out.text_len = C.WZ_OK, C.uint64_t(value), nil, 0
	if err != nil {
		out.status = C.WZ_ERROR
		text = asError(err).json()
	}
	if len(text) > 0 {
		out.text, out.text_len = (*C.char)(C.CBytes(text)), C.size_t(len(text))
	}
}

// asJSON is for descriptions, which hold nothing that cannot be encoded.
func asJSON(v any) ([]byte, error) { return json.Marshal(v) }

// done tells JavaScript the end of an asynchronous frame or request.
func done(env, id uint64, target handle, words []uint64, payload []byte, err error) {
	m := &message{kind: msgDone, frame: id, target: uint64(target), words: words, bytes: payload}
	if err != nil {
		m.status, m.words, m.bytes = C.WZ_ERROR, nil, asError(err).json()
	}
	post(env, m)
}

func readFrameOptions(o *C.wz_frame_options) frameOptions {
	return frameOptions{env: uint64(o.env), frame: uint64(o.frame), lane: uint32(o.lane), timeout: nanoseconds(o.timeout_ns)}
}

func goWords(p *C.uint64_t, n C.uint32_t) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(p)), int(n))
}

func goData(p *C.uint8_t, n C.size_t) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)) }

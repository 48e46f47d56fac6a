//go:build wazero_harness

package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"wazeronode/abi"
)

// harness is what JavaScript and C++ are, in tests with Go's race detector: it gets the messages of all environments.
var harness interface {
	post(env uint64, m *abi.Message)
	upcall(env uint64, m *abi.Message, words []uint64) (status uint32)
}

//export wz_harness_post
func wz_harness_post(env C.uint64_t, m *C.wz_message) C.uint32_t {
	copied := readMessage(m)
	copied.Words, copied.Bytes = append([]uint64(nil), copied.Words...), append([]byte(nil), copied.Bytes...)
	harness.post(uint64(env), copied)
	return 0
}

//export wz_harness_upcall
func wz_harness_upcall(env C.uint64_t, m *C.wz_message, r *C.wz_reply) {
	r.status = C.uint32_t(harness.upcall(uint64(env), readMessage(m), goWords(r.words, r.word_count)))
}

// wz_harness_running: nothing here enters a guest without Go.
//
//export wz_harness_running
func wz_harness_running(_ C.uint64_t, entry *C.uint64_t) C.uint32_t {
	*entry = 0
	return 0
}

//export wz_harness_now
func wz_harness_now(C.uint64_t, *C.uint64_t) C.uint64_t { return 0 }

//export wz_harness_alive
func wz_harness_alive(C.uint64_t) C.uint32_t { return 1 }

func readMessage(m *C.wz_message) *abi.Message {
	return &abi.Message{
		Kind: uint32(m.kind), Status: uint32(m.status), Frame: uint64(m.frame), Target: uint64(m.target), Module: uint64(m.module),
		Words: goWords((*C.uint64_t)(m.words), m.word_count), Bytes: goData((*C.uint8_t)(m.bytes), m.byte_count), ResultCount: int(m.result_count),
	}
}

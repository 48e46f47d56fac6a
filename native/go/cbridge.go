package main

/*
#cgo CFLAGS: -I${SRCDIR}/../abi
#include <stdlib.h>
#include <string.h>
#include "wazero_node.h"

// Static copies: a file with definitions in its preamble must hold no //export.
static wz_callbacks table; // that C++ gave to wz_start; never changed after
static void set_callbacks(const wz_callbacks *c) { table = *c; }
static uint32_t call_post(uint64_t env, uint32_t kind, uint32_t status, uint64_t frame, uint64_t target, uint64_t module,
                          const uint64_t *words, uint32_t word_count, const uint8_t *bytes, size_t byte_count, uint32_t result_count, size_t result_bytes, uintptr_t tenant) {
  wz_message m = {kind, status, frame, target, module, words, word_count, bytes, byte_count, result_count, result_bytes, tenant};
  return table.post(env, &m);
}
// Returns size << 8 | status: an address to put one of them at would be on Go's heap.
static uint64_t call_upcall(uint64_t env, uint32_t kind, uint64_t frame, uint64_t target, uint64_t module,
                            const uint64_t *words, uint32_t word_count, const uint8_t *bytes, size_t byte_count,
                            uint64_t *result_words, uint32_t result_count, uint8_t *result_bytes, size_t result_size) {
  wz_message m = {kind, 0, frame, target, module, words, word_count, bytes, byte_count, result_count, result_size, 0};
  wz_reply r = {0, result_words, result_count, result_bytes, result_size};
  table.upcall(env, &m, &r);
  return (uint64_t)r.byte_count << 8 | (r.status & 0xff);
}
// By value, for the same reason.
typedef struct { uint64_t first, second; } two_words;
static two_words call_running(uint64_t env) {
  two_words w = {0, 0};
  w.second = table.running(env, &w.first);
  return w;
}
static two_words call_now(uint64_t env) {
  two_words w = {0, 0};
  w.first = table.now(env, &w.second);
  return w;
}
static uint32_t call_alive(uint64_t env) { return table.alive(env); }
static uint32_t call_guard(void) { return table.guard ? table.guard() : WZ_GUARD_SYSTEM; }
static void call_express_over(uint64_t call, uint32_t usable) { table.express_over(call, usable); }
*/
import "C"

import (
	"sync/atomic"
	"unsafe"

	"wazeronode/abi"
	"wazeronode/handles"
)

var started atomic.Bool

func init() { abi.Post, abi.Upcall, abi.Alive = post, upcall, alive }

func setCallbacks(c unsafe.Pointer) { C.set_callbacks((*C.wz_callbacks)(c)) }

func post(env uint64, m abi.Message) bool {
	return C.call_post(C.uint64_t(env), C.uint32_t(m.Kind), C.uint32_t(m.Status), C.uint64_t(m.Frame), C.uint64_t(m.Target), C.uint64_t(m.Module),
		wordsPointer(m.Words), C.uint32_t(len(m.Words)), bytesPointer(m.Bytes), C.size_t(len(m.Bytes)), C.uint32_t(m.ResultCount), C.size_t(m.ResultBytes), C.uintptr_t(m.Tenant)) == 0
}

// upcall runs the callback on this very thread: only in a sync frame. The results land in words and bytes; n is how many bytes.
func upcall(env uint64, m abi.Message, words []uint64, bytes []byte) (status uint32, n int) {
	answer := uint64(C.call_upcall(C.uint64_t(env), C.uint32_t(m.Kind), C.uint64_t(m.Frame), C.uint64_t(m.Target), C.uint64_t(m.Module),
		wordsPointer(m.Words), C.uint32_t(len(m.Words)), bytesPointer(m.Bytes), C.size_t(len(m.Bytes)),
		wordsPointer(words), C.uint32_t(len(words)), bytesPointer(bytes), C.size_t(len(bytes))))
	return uint32(answer & 0xff), int(min(answer>>8, uint64(len(bytes))))
}

func alive(env uint64) bool { return C.call_alive(C.uint64_t(env)) != 0 }

// expressOver gives a call back that C++ has handed over: stack and words are no longer ours.
func expressOver(call uint64, usable bool) {
	u := C.uint32_t(0)
	if usable {
		u = 1
	}
	C.call_express_over(C.uint64_t(call), u)
}

// guardState is WZ_GUARD_*: whether a fault of a guest on this thread comes to our handler.
func guardState() uint32 { return uint32(C.call_guard()) }

// directRunning tells which direct call of an environment has been running since it was asked last, 0 for none; and whether to ask again.
func directRunning(env uint64) (h handles.Handle, more bool) {
	w := C.call_running(C.uint64_t(env))
	return handles.Handle(w.first), w.second != 0
}

// directNow tells which call runs without Go right now, 0 for none: on the JS thread of an environment, or (0) on the thread of express calls. It is another
// one when the number is.
func directNow(env uint64) (h handles.Handle, which uint64) {
	w := C.call_now(C.uint64_t(env))
	return handles.Handle(w.first), uint64(w.second)
}

func wordsPointer(w []uint64) *C.uint64_t { return (*C.uint64_t)(unsafe.Pointer(unsafe.SliceData(w))) }
func bytesPointer(b []byte) *C.uint8_t    { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }

//go:build wazero_harness

package main

/*
#include "wazero_node.h"
extern uint32_t wz_harness_post(uint64_t, wz_message *);
extern void wz_harness_upcall(uint64_t, wz_message *, wz_reply *);
extern uint32_t wz_harness_running(uint64_t, uint64_t *);
extern uint32_t wz_harness_alive(uint64_t);
extern uint64_t wz_harness_now(uint64_t, uint64_t *);
static wz_callbacks harness_callbacks(void) {
  wz_callbacks c = {.abi_version = WZ_ABI_VERSION,
                    .post = (uint32_t (*)(uint64_t, const wz_message *))wz_harness_post,
                    .upcall = (void (*)(uint64_t, const wz_message *, wz_reply *))wz_harness_upcall,
                    .running = wz_harness_running,
                    .alive = wz_harness_alive,
                    .now = wz_harness_now};
  return c;
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"wazeronode/frames"
)

// Tests must not import "C": these are the exports with Go's types.

func harnessStart() bool {
	c := C.harness_callbacks()
	return wz_start(&c) == C.WZ_ABI_VERSION
}

func checked(out *C.wz_result) (uint64, error) {
	if out.status == C.WZ_OK {
		return uint64(out.value), nil
	}
	text := C.GoStringN(out.text, C.int(out.text_len))
	wz_free(unsafe.Pointer(out.text))
	return 0, fmt.Errorf("%s", text)
}

func harnessRuntime(env uint64) (uint64, error) {
	var out C.wz_result
	wz_runtime_new(C.uint64_t(env), &C.wz_runtime_config{close_on_context_done: 1}, &out)
	if out.status == C.WZ_OK {
		wz_free(unsafe.Pointer(out.text))
	}
	return checked(&out)
}

func harnessCloseRuntime(h uint64) error {
	var out C.wz_result
	wz_runtime_close(C.wz_handle(h), 0, &out)
	_, err := checked(&out)
	return err
}

// harnessCompile: request 0 is synchronous.
func harnessCompile(env, runtime uint64, binary []byte, request uint64) (uint64, error) {
	var out C.wz_result
	wz_compile(C.uint64_t(env), C.wz_handle(runtime), bytesPointer(binary), C.size_t(len(binary)), 2, 0, C.uint64_t(request), &out)
	return checked(&out)
}

func harnessHost(env, runtime uint64, description string) (uint64, error) {
	var out C.wz_result
	wz_host_compile(C.uint64_t(env), C.wz_handle(runtime), harnessString(description), &out)
	return checked(&out)
}

func harnessString(s string) C.wz_str {
	return C.wz_str{(*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))}
}

func harnessInstantiate(o frames.Options, runtime, compiled, host uint64) (uint64, error) {
	var out C.wz_result
	config := C.wz_module_config{has_name: 1}
	if host != 0 {
		imports := []C.wz_import{{name: harnessString("env"), module: C.uint64_t(host)}}
		config.imports = C.wz_imports{unsafe.SliceData(imports), 1}
	}
	wz_instantiate(frameOptions(o), C.wz_handle(runtime), C.wz_handle(compiled), &config, 0, &out)
	return checked(&out)
}

func frameOptions(o frames.Options) *C.wz_frame_options {
	return &C.wz_frame_options{env: C.uint64_t(o.Env), frame: C.uint64_t(o.Frame), lane: C.uint32_t(o.Lane), timeout_ns: C.int64_t(o.Timeout)}
}

func harnessFunction(module uint64, name string) (uint64, error) {
	var out C.wz_result
	wz_module_function(C.wz_handle(module), harnessString(name), &out)
	return checked(&out)
}

func harnessCall(o frames.Options, function uint64, words []uint64) error {
	var out C.wz_result
	wz_call(frameOptions(o), C.wz_handle(function), wordsPointer(words), C.uint32_t(len(words)), &out)
	if out.status == C.WZ_OK && out.text != nil {
		wz_free(unsafe.Pointer(out.text))
	}
	_, err := checked(&out)
	return err
}

func harnessStop(env, frame uint64, reason uint32) {
	wz_frame_stop(C.uint64_t(env), C.uint64_t(frame), C.uint32_t(reason), 0)
}

func harnessReply(env, frame uint64, words []uint64) {
	wz_frame_reply(C.uint64_t(env), C.uint64_t(frame), &C.wz_reply{words: wordsPointer(words), word_count: C.uint32_t(len(words))})
}

// harnessMemory is what a look at memory.buffer does; 0 bytes: closed, or there is none.
func harnessMemory(module uint64) (bytes uint64) {
	var out C.wz_result
	wz_module_memory(C.wz_handle(module), C.wz_str{}, &out)
	h, err := checked(&out)
	if err != nil || h == 0 {
		return 0
	}
	var info [4]uint64
	wz_memory_info(C.wz_handle(h), wordsPointer(info[:]))
	var word [8]byte
	wz_memory_read(C.wz_handle(h), 0, bytesPointer(word[:]), 8)
	return info[1]
}

func harnessCloseModule(module uint64) {
	var out C.wz_result
	wz_module_close(C.wz_handle(module), 0, &out)
	_, _ = checked(&out)
	wz_module_release(C.wz_handle(module))
}

func harnessCloseEnv(env uint64) { wz_env_close(C.uint64_t(env)) }

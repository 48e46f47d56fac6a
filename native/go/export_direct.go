package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"time"
	"unsafe"

	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
)

//export wz_direct_open
func wz_direct_open(envID C.uint64_t, fn C.wz_handle, entry *C.wz_direct_entry, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		e, err := findEnv(uint64(envID))
		if err != nil {
			return 0, nil, err
		}
		f, err := handles.Lookup[*functionState](handles.Handle(fn), handles.Function)
		if err != nil {
			return 0, nil, err
		}
		d := f.openDirect(e)
		if d == nil {
			return 0, nil, nil
		}
		a, _ := d.inner.DirectEntry()
		context := func(offset uintptr) C.uintptr_t { return C.uintptr_t(a.ExecutionContext + offset) }
		*entry = C.wz_direct_entry{
			handle: C.wz_handle(d.handle), module: C.wz_handle(f.module.handle),
			preamble: C.uintptr_t(a.Preamble), executable: C.uintptr_t(a.Executable),
			context: C.uintptr_t(a.ExecutionContext), module_context: C.uintptr_t(a.ModuleContext), closed: C.uintptr_t(a.Closed),
			exit_code: context(a.ExitCode), caller_module: context(a.CallerModule), stack_limit: context(a.StackLimit),
			return_address: context(a.ReturnAddress), stack_pointer: context(a.StackPointer), callee: context(a.Callee),
			frame_pointer: context(a.FramePointer), host_function_type: C.uintptr_t(hostFunctionType()),
			host_words: C.uint32_t(a.HostWords), words: C.uint32_t(a.Words), headroom: C.uint32_t(stackHeadroom()), stack_bytes: C.uint64_t(f.module.callStackBytes()),
			account: C.uintptr_t(uintptr(unsafe.Pointer(&f.module.account.Native))), tenant: C.uintptr_t(f.module.account.Tenant().Address()),
		}
		if f.module.CountsFuel() {
			entry.fuel, entry.burned = C.uintptr_t(uintptr(unsafe.Pointer(a.Fuel))), C.uintptr_t(uintptr(f.module.account.FuelWord()))
		}
		return uint64(d.handle), nil, nil
	})
}

//export wz_direct_ran
func wz_direct_ran(h C.wz_handle, nanoseconds C.uint64_t) {
	_ = failure.Protect(func() error {
		if d, _ := handles.Get(handles.Handle(h), handles.Direct).(*directState); d != nil {
			d.function.module.account.Spend(time.Duration(nanoseconds))
		}
		return nil
	})
}

//export wz_direct_close
func wz_direct_close(h C.wz_handle) {
	_ = failure.Protect(func() error {
		if d, _ := handles.Get(handles.Handle(h), handles.Direct).(*directState); d != nil {
			d.close(true)
		}
		return nil
	})
}

//export wz_direct_adopt
func wz_direct_adopt(o *C.wz_frame_options, h C.wz_handle, stack *C.uint8_t, size C.size_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		d, err := handles.Lookup[*directState](handles.Handle(h), handles.Direct)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, d.adopt(readFrameOptions(o), goData(stack, size))
	})
}

//export wz_direct_continue
func wz_direct_continue(o *C.wz_frame_options, h C.wz_handle, stack *C.uint8_t, size C.size_t, words *C.uint64_t, count, status C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		d, err := handles.Lookup[*directState](handles.Handle(h), handles.Direct)
		if err != nil {
			return 0, nil, err
		}
		all := goWords(words, count)
		var answered *frames.Reply
		if status != C.WZ_REPLY_NONE {
			answered = &frames.Reply{Status: uint32(status), Words: append([]uint64(nil), all...)}
		}
		outcome, usable, err := d.proceed(readFrameOptions(o), goData(stack, size), all, answered)
		gone := uint64(0)
		if !usable {
			d.close(false)
			gone = 1
		}
		return gone, outcome, err
	})
}

//export wz_direct_watch
func wz_direct_watch(env C.uint64_t) { watchDirect(uint64(env)) }

//export wz_express_adopt
func wz_express_adopt(o *C.wz_frame_options, h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		d, err := handles.Lookup[*directState](handles.Handle(h), handles.Direct)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, d.adoptRunning(readFrameOptions(o))
	})
}

//export wz_express_continue
func wz_express_continue(o *C.wz_frame_options, h C.wz_handle, call C.uint64_t, at C.uint32_t, stack *C.uint8_t, size C.size_t, words *C.uint64_t, count, status C.uint32_t, answered *C.uint64_t, answers C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		d, err := handles.Lookup[*directState](handles.Handle(h), handles.Direct)
		if err != nil {
			return 0, nil, err
		}
		c := handOver{call: uint64(call), at: uint32(at), words: goWords(words, count)}
		if stack != nil {
			c.stack = goData(stack, size)
		}
		if at == C.WZ_AT_QUESTION {
			c.answer = &askedAlready
		} else if status != C.WZ_REPLY_NONE {
			c.answer = &frames.Reply{Status: uint32(status), Words: append([]uint64(nil), goWords(answered, answers)...)}
		}
		return 0, nil, d.takeOver(readFrameOptions(o), c)
	})
}

//export wz_express_stuck
func wz_express_stuck(is C.uint32_t) { frames.Pool.Hold(is != 0) }

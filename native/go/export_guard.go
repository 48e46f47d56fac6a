package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"unsafe"

	"wazeronode/guard"
	"wazeronode/handles"
)

//export wz_guard_tables
func wz_guard_tables(out *C.uintptr_t, layout *C.wz_guard_exit) {
	tables := unsafe.Slice((*uintptr)(unsafe.Pointer(out)), 4)
	tables[0], tables[1] = guard.Code.Addresses()
	tables[2], tables[3] = guard.Memories.Addresses()
	if e, ok := guardExit(); ok {
		*layout = C.wz_guard_exit{
			exit_code: C.uintptr_t(e.ExitCode), return_address: C.uintptr_t(e.ReturnAddress), stack_pointer: C.uintptr_t(e.StackPointer),
			frame_pointer: C.uintptr_t(e.FramePointer), original_stack_pointer: C.uintptr_t(e.OriginalStackPointer),
			original_frame_pointer: C.uintptr_t(e.OriginalFramePointer), go_return_address: C.uintptr_t(e.GoReturnAddress),
			out_of_bounds: C.uint32_t(e.OutOfBounds),
		}
	}
}

//export wz_guard_pages
func wz_guard_pages(h C.wz_handle) C.uint32_t {
	rt, _ := handles.Get(handles.Handle(h), handles.Runtime).(*runtimeState)
	if rt == nil {
		return C.uint32_t(guardPages())
	}
	return C.uint32_t(rt.guardPages())
}

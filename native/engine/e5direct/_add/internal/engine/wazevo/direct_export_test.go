//go:build amd64 || arm64

package wazevo

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// EnterDirect is what a caller outside of Go does, with the addresses that he is given. It returns the exit code.
func EnterDirect(e nodehost.DirectEntry, stack []byte, words *uint64) uint32 {
	*at[uintptr](e.ExecutionContext, e.StackLimit) = uintptr(unsafe.Pointer(&stack[stackHeadroom]))
	entrypoint(*at[*byte](uintptr(unsafe.Pointer(&e.Preamble)), 0), *at[*byte](uintptr(unsafe.Pointer(&e.Executable)), 0), e.ExecutionContext,
		*at[*byte](uintptr(unsafe.Pointer(&e.ModuleContext)), 0), words, alignedStackTop(stack))
	return *at[uint32](e.ExecutionContext, e.ExitCode) & wazevoapi.ExitCodeMask
}

// AnswerDirect answers the host function that the call has left for, as he does, and goes on.
func AnswerDirect(e nodehost.DirectEntry, answer func(words []uint64)) uint32 {
	sp := *at[*uint64](e.ExecutionContext, e.StackPointer)
	answer(unsafe.Slice(at[uint64](uintptr(unsafe.Pointer(sp)), e.HostWords), 1))
	*at[uint32](e.ExecutionContext, e.ExitCode) = 0
	afterGoFunctionCallEntrypoint(*at[*byte](e.ExecutionContext, e.ReturnAddress), e.ExecutionContext, uintptr(unsafe.Pointer(sp)),
		*at[uintptr](e.ExecutionContext, e.FramePointer))
	return *at[uint32](e.ExecutionContext, e.ExitCode) & wazevoapi.ExitCodeMask
}

func at[T any](base, offset uintptr) *T { return wazevoapi.PtrFromUintptr[T](base + offset) }

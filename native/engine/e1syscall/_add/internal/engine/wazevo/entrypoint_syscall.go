//go:build amd64 || arm64

package wazevo

import _ "unsafe" // for go:linkname

// entersyscall, entersyscallblock and exitsyscall are those of the runtime; it declares them linkable, so no linker flag is needed.
//
//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// entrypoint runs native code the way the runtime runs a system call. nosplit, because the stack must not move between
// the two calls; the arguments stay live for the collector, which scans this frame as it was at entersyscall.
//
//go:nosplit
func entrypoint(preambleExecutable, functionExecutable *byte, executionContextPtr uintptr, moduleContextPtr *byte, paramResultStackPtr *uint64, goAllocatedStackSlicePtr uintptr) {
	entersyscall()
	nativeEntrypoint(preambleExecutable, functionExecutable, executionContextPtr, moduleContextPtr, paramResultStackPtr, goAllocatedStackSlicePtr)
	exitsyscall()
}

// afterGoFunctionCallEntrypoint is the same for going back to native code from an exit.
//
//go:nosplit
func afterGoFunctionCallEntrypoint(executable *byte, executionContextPtr uintptr, stackPointer, framePointer uintptr) {
	entersyscall()
	nativeAfterGoFunctionCallEntrypoint(executable, executionContextPtr, stackPointer, framePointer)
	exitsyscall()
}

// afterInterruptionEntrypoint is the same for a guest that has been interrupted: it has run for long, and will. It gives its P away at once; else the runtime
// keeps looking, every 20 microseconds, whether it should take it, and does so ten milliseconds later, which is when it is interrupted again.
//
//go:nosplit
func afterInterruptionEntrypoint(executable *byte, executionContextPtr uintptr, stackPointer, framePointer uintptr) {
	entersyscallblock()
	nativeAfterGoFunctionCallEntrypoint(executable, executionContextPtr, stackPointer, framePointer)
	exitsyscall()
}

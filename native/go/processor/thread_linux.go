//go:build linux && (amd64 || arm64)

package processor

import (
	"syscall"
	"time"
	"unsafe"
)

// current is a number of this thread, of those that there are: where the C library keeps what is its own. 0 in a program without one.
func current() uintptr

// ownClock is CLOCK_THREAD_CPUTIME_ID.
const ownClock = 3

// clockOfThread is what pthread_getcpuclockid makes of a thread's number.
func clockOfThread() int32 {
	const schedOfThread = 6
	tid, _, _ := syscall.RawSyscall(syscall.SYS_GETTID, 0, 0, 0)
	return ^int32(tid)<<3 | schedOfThread
}

func cpuTime(clock int32) int64 {
	var spec syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&spec)), 0); errno != 0 {
		return 0
	}
	return spec.Sec*int64(time.Second) + spec.Nsec
}

//go:build unix

package descriptors

import (
	"math"

	"golang.org/x/sys/unix"
)

// most is asked for each time: a program may change its limit, and opening a file takes longer.
func most() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur) / 2
}

// Is says whether it is one of the process: file systems in JavaScript have numbers of their own.
func Is(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

package arena

import (
	"math"
	"syscall"
	"unsafe"
)

const packed = true

func mostAtOnce() uint64 { return math.MaxUint64 }

func mapBytes(size uint64) ([]byte, error) {
	return syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
}

// discard: no advice of this system promises zeros, so they are written; then it may take the pages when it wants them.
func discard(b []byte) {
	clear(b)
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), syscall.MADV_FREE)
}

func unmap(b []byte) { _ = syscall.Munmap(b) }

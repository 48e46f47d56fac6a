package arena

import (
	"bytes"
	"math"
	"os"
	"sync"
	"syscall"

	"wazeronode/headroom"
)

const packed = true

// mostAtOnce is how large one reservation may be: address space is free, unless the process has a limit of it or the system counts
// every reservation as memory in use (vm.overcommit_memory = 2). Then the rest of the process needs it more.
var mostAtOnce = sync.OnceValue(func() uint64 {
	const share, counted = 32, 64 << 20
	most := uint64(math.MaxUint64)
	if mode, err := os.ReadFile("/proc/sys/vm/overcommit_memory"); err == nil && bytes.HasPrefix(mode, []byte("2")) {
		most = counted
	}
	for _, resource := range []int{syscall.RLIMIT_AS, syscall.RLIMIT_DATA} {
		var limit syscall.Rlimit
		if syscall.Getrlimit(resource, &limit) == nil && limit.Cur != math.MaxUint64 {
			most = min(most, limit.Cur/share)
		}
	}
	return most
})

// mapBytes reserves address space; the system finds pages for it when they are touched. Where the process has a limit of address space or of
// data, which reserved bytes count for, half of it is left to JavaScript and Go: both end the process when they find none.
func mapBytes(size uint64) ([]byte, error) {
	if first := leftAtFirst(); first < math.MaxInt64 && headroom.LeftByLimits() < size+first/2 {
		return nil, syscall.ENOMEM
	}
	b, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, err
	}
	// With huge pages a guest of 64 KiB would take 2 MiB. A kernel without them refuses the advice, and does not need it.
	_ = syscall.Madvise(b, syscall.MADV_NOHUGEPAGE)
	return b, nil
}

// discard gives the pages back: private anonymous memory reads as zero after it.
func discard(b []byte) {
	if syscall.Madvise(b, syscall.MADV_DONTNEED) != nil {
		clear(b) // locked pages (mlockall) cannot be given back
	}
}

func unmap(b []byte) { _ = syscall.Munmap(b) }

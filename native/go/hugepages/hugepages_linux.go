package hugepages

import (
	"os"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

var forTheAsking = sync.OnceValue(func() bool {
	mode, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	return err == nil && strings.Contains(string(mode), "[madvise]")
})

func advise(b []byte) (inner part) {
	if !forTheAsking() {
		return part{}
	}
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	end := (begin + uintptr(len(b))) &^ (hugePage - 1)
	begin = (begin + hugePage - 1) &^ (hugePage - 1)
	if begin >= end || madvise(part{begin, end - begin}, unix.MADV_HUGEPAGE) != nil {
		return part{}
	}
	return part{begin, end - begin}
}

func withdraw(p part) { _ = madvise(p, unix.MADV_NOHUGEPAGE) }

// madvise by the number of an address: nothing is read or written there.
func madvise(p part, advice uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, p.at, p.bytes, advice); errno != 0 {
		return errno
	}
	return nil
}

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

// makeWhole: what is before the first of them is never touched.
func makeWhole(n uint64) (b []byte, inner part, ok bool) {
	whole := (n + hugePage - 1) &^ (hugePage - 1)
	b = make([]byte, whole+hugePage)
	skip := -uint64(uintptr(unsafe.Pointer(&b[0]))) & (hugePage - 1)
	b = b[skip:][:n:n]
	inner = part{uintptr(unsafe.Pointer(&b[0])), uintptr(whole)}
	return b, inner, madvise(inner, unix.MADV_HUGEPAGE) == nil
}

func withdraw(p part) { _ = madvise(p, unix.MADV_NOHUGEPAGE) }

// madvise by the number of an address: nothing is read or written there.
func madvise(p part, advice uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_MADVISE, p.at, p.bytes, advice); errno != 0 {
		return errno
	}
	return nil
}

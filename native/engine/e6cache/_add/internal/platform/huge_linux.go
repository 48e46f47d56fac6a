package platform

import "golang.org/x/sys/unix"

// AdviseHugePages: of a large segment that is read from a file, the faults of small pages are half of the time. No kernel must do it.
func AdviseHugePages(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }

package arena

import (
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Which pages of a private mapping of a file are the process's own, because they were written: the system knows, and says it since Linux 6.7 by
// PAGEMAP_SCAN, before that (and for small ranges only, for it tells of each page) by reading /proc/self/pagemap.

// pageMap is that file; -1 where it does not answer, or wrongly: emulators have other addresses than the system. It is open until the end.
var pageMap = sync.OnceValue(func() int {
	file, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	if !tellsWritten(file) {
		_ = unix.Close(file)
		return -1
	}
	return file
})

// scans: PAGEMAP_SCAN is there.
var scans bool

func tellsWritten(file int) bool {
	s, err := newSource(4 * pageBytesOfSystem)
	if err != nil {
		return false
	}
	defer func() { s.close(nil) }()
	if !s.isFile() || s.write(0, []byte{1, 2, 3}) != nil {
		return false
	}
	b, err := unix.Mmap(s.file, 0, int(4*pageBytesOfSystem), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return false
	}
	defer unix.Munmap(b)
	b[pageBytesOfSystem] = b[0]     // the first is read, the second written
	b[3*pageBytesOfSystem+1] = b[1] // and the last
	right := func(ask func(int, []byte, []region) (int, bool)) bool {
		var found [4]region
		n, ok := ask(file, b, found[:])
		return ok && n == 2 && found[0] == region{pageBytesOfSystem, 2 * pageBytesOfSystem} &&
			found[1] == region{3 * pageBytesOfSystem, 4 * pageBytesOfSystem}
	}
	scans = right(scanWritten)
	return scans || right(readWritten)
}

// region is of the bytes of a range, in whole pages.
type region struct{ begin, end uint64 }

var pageBytesOfSystem = uint64(os.Getpagesize())

// written finds the regions of b, whole pages of a private mapping of a file, that were written. False: it cannot be told, or there are more
// than fit.
func written(b []byte, found []region) (int, bool) {
	const small = 16 << 20
	file := pageMap()
	switch {
	case file < 0:
		return 0, false
	case scans:
		return scanWritten(file, b, found)
	case len(b) <= small:
		return readWritten(file, b, found)
	}
	return 0, false
}

// pmScanArg is struct pm_scan_arg of linux/fs.h.
type pmScanArg struct {
	size, flags, start, end, walkEnd, vec, vecLen, maxPages   uint64
	categoryInverted, categoryMask, categoryAnyof, returnMask uint64
}

const (
	pagemapScan   = 0xC0606610 // _IOWR('f', 16, struct pm_scan_arg); MIPS and others have another
	pageIsFile    = 1 << 2
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4
)

func scanWritten(file int, b []byte, found []region) (int, bool) {
	s := pageScans.Get().(*pageScan)
	defer pageScans.Put(s)
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	arg := &s.arg
	*arg = pmScanArg{walkEnd: base, end: base + uint64(len(b)), vec: uint64(uintptr(unsafe.Pointer(&s.regions))),
		categoryInverted: pageIsFile, categoryMask: pageIsFile, categoryAnyof: pageIsPresent | pageIsSwapped, returnMask: pageIsFile}
	arg.size = uint64(unsafe.Sizeof(*arg))
	total := 0
	for arg.walkEnd < arg.end { // the system ends when it has found 512
		if arg.start, arg.vecLen = arg.walkEnd, uint64(min(len(s.regions), len(found)-total)); arg.vecLen == 0 {
			return 0, false
		}
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(file), pagemapScan, uintptr(unsafe.Pointer(arg)))
		if errno != 0 || n > uintptr(arg.vecLen) || arg.walkEnd <= arg.start {
			return 0, false
		}
		for _, r := range s.regions[:n] {
			found[total] = region{r.start - base, r.end - base}
			total++
		}
	}
	return total, true
}

// pageScan is on the heap, for it has its own address in it.
type pageScan struct {
	arg     pmScanArg
	regions [512]struct{ start, end, categories uint64 }
}

var pageScans = sync.Pool{New: func() any { return new(pageScan) }}

func readWritten(file int, b []byte, found []region) (n int, ok bool) {
	const present, swapped, ofFile = 1 << 63, 1 << 62, 1 << 61
	var words [512]uint64
	first := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) / pageBytesOfSystem
	pages := uint64(len(b)) / pageBytesOfSystem
	for at := uint64(0); at < pages; {
		some := words[:min(uint64(len(words)), pages-at)]
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(some))), 8*len(some))
		if got, err := unix.Pread(file, bytes, int64((first+at)*8)); err != nil || got != len(bytes) {
			return 0, false
		}
		for _, word := range some {
			begin := at * pageBytesOfSystem
			at++
			switch {
			case word&(present|swapped) == 0 || word&ofFile != 0:
			case n > 0 && found[n-1].end == begin:
				found[n-1].end += pageBytesOfSystem
			case n == len(found):
				return 0, false
			default:
				found[n] = region{begin, begin + pageBytesOfSystem}
				n++
			}
		}
	}
	return n, true
}

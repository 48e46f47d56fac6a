//go:build linux && (amd64 || arm64)

package arena

import (
	"math"
	"os"
	"runtime"
	"sync"
	"syscall"

	"wazeronode/guard"
)

// A guarded range is 8 GiB and a page of the guest: an index and an offset of 32 bits each, and an access of 16 bytes at the end of that, do not lead
// out of it. Only the memory in it can be accessed; it never moves. Whole arenas of them are reserved, inaccessible, which costs nothing but address
// space; each that is in use costs two mappings (of 65,530 by default) and two pages of page tables.
const (
	guarded          = -2 // the class
	guardedBytes     = 8<<30 + 64<<10
	mostGuardedBytes = 4 << 30
	guardedAtFirst   = 8 // as many as there are already, then: most processes have few, and an emulator has 6 MB of its own for each gigabyte
	guardedAtOnce    = 64
	// mostGuarded leaves half of the address space (of 47 bits), and three quarters of the mappings, to everybody else: V8 reserves as much for each
	// memory of its own.
	mostGuarded = 8192
)

type guardedRanges struct {
	mu   sync.Mutex
	free [][]byte
	made int
	full bool // the system refuses more
}

var guardedPool guardedRanges

// CanGuard: there is enough address space, which on arm64 depends on the kernel; neither does the process have a limit of address space, nor the system count what is reserved and not accessible (vm.overcommit_memory=2
// counts it when it becomes accessible, and then a memory could not grow for another reason than its own).
var CanGuard = sync.OnceValue(func() bool {
	return hasAddressSpace() && mostAtOnce() == math.MaxUint64 && uint64(os.Getpagesize()) <= 64<<10
})

// hasAddressSpace: 47 bits of it, as on amd64. Kernels of arm64 give a process 39, 42, 47, 48 or more; what is asked for beyond that is not given.
func hasAddressSpace() bool {
	if runtime.GOARCH == "amd64" {
		return true
	}
	for _, at := range []uintptr{1 << 46, 3 << 45} { // the one of the two that is free
		size := uintptr(os.Getpagesize())
		p, _, errno := syscall.Syscall6(syscall.SYS_MMAP, at, size, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE, ^uintptr(0), 0)
		if errno != 0 {
			continue
		}
		_, _, _ = syscall.Syscall(syscall.SYS_MUNMAP, p, size, 0)
		if p == at {
			return true
		}
	}
	return false
}

// HasGuarded: Guard would find a range, were nobody else to come first.
func HasGuarded() bool {
	p := &guardedPool
	p.mu.Lock()
	defer p.mu.Unlock()
	return CanGuard() && (len(p.free) > 0 || p.made < mostGuarded && !p.full || warm.any())
}

// Guard takes a range for a memory of size bytes, which are accessible; nil where none is left.
func Guard(size uint64) *Reservation {
	if !CanGuard() || size > mostGuardedBytes {
		return nil
	}
	if r := guardedPool.take(size); r != nil || !warm.any() {
		return r
	}
	Trim()
	return guardedPool.take(size)
}

func (p *guardedRanges) take(size uint64) *Reservation {
	p.mu.Lock()
	if len(p.free) == 0 && !p.add() {
		p.mu.Unlock()
		return nil
	}
	last := len(p.free) - 1
	s := &span{bytes: p.free[last], class: guarded}
	p.free = p.free[:last]
	p.mu.Unlock()
	stats.live.Add(1)
	if !s.open(size) { // the system has no mapping left
		ranges.reuse(s)
		return nil
	}
	return &Reservation{s}
}

// add is called with the lock.
func (p *guardedRanges) add() bool {
	for n := min(max(p.made, guardedAtFirst), guardedAtOnce, mostGuarded-p.made); n > 0 && !p.full; n /= 2 {
		arena, err := syscall.Mmap(-1, 0, n*guardedBytes, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
		if err != nil {
			continue
		}
		_ = syscall.Madvise(arena, syscall.MADV_NOHUGEPAGE)
		if !guard.Memories.Add(arena) {
			unmap(arena)
			break
		}
		stats.reserved.Add(int64(len(arena)))
		p.made += n
		for i := n - 1; i >= 0; i-- { // the first is handed out first
			p.free = append(p.free, arena[i*guardedBytes:i*guardedBytes+mostGuardedBytes:i*guardedBytes+mostGuardedBytes])
		}
		return true
	}
	p.full = p.made < mostGuarded
	return false
}

// open makes the first size bytes accessible, which may be more than they were; false: the system refuses, and they are what they were.
func (s *span) open(size uint64) bool {
	if s.class != guarded || size <= s.opened {
		return true
	}
	if syscall.Mprotect(s.bytes[s.opened:size], syscall.PROT_READ|syscall.PROT_WRITE) != nil {
		return false
	}
	s.opened = size
	return true
}

// shut leaves only the first size bytes accessible.
func (s *span) shut(size uint64) bool {
	if s.class != guarded || size >= s.opened {
		return true
	}
	if syscall.Mprotect(s.bytes[size:s.opened], syscall.PROT_NONE) != nil {
		return false
	}
	s.opened = size
	return true
}

// reuseGuarded is for a range whose address nobody has any more, and which reads as zero.
func reuseGuarded(s *span) {
	if !s.shut(0) {
		return // never used again
	}
	p := &guardedPool
	p.mu.Lock()
	p.free = append(p.free, s.bytes)
	p.mu.Unlock()
}

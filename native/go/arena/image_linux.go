package arena

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"wazeronode/descriptors"
)

// imageSource is a file that memories map privately: one of memory alone, which nobody can change any more. Where there is none (no memfd here,
// no descriptor left) file is -1, and memories copy.
type imageSource struct {
	file   int
	offset int64
	whole  []byte // the mapping that the view is part of; by package syscall, which unmaps only what it has mapped itself, as package unix does
}

func newSource(size uint64) (s imageSource, err error) {
	s.file = -1
	if size == 0 {
		return s, nil
	}
	if descriptors.Take() {
		if file, err := unix.MemfdCreate("wasm image", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING); err == nil {
			s.file = file
		} else {
			descriptors.Give(1)
		}
	}
	if s.file < 0 {
		s.whole, err = mapBytes(size)
		return s, err
	}
	if err = unix.Ftruncate(s.file, int64(size)); err != nil {
		s.close(nil)
	}
	return s, err
}

// write is for what is not zero: the rest are holes.
func (s *imageSource) write(at uint64, run []byte) error {
	if s.file < 0 {
		copy(s.whole[at:], run)
		return nil
	}
	for len(run) > 0 {
		n, err := unix.Pwrite(s.file, run, int64(at))
		if err != nil && err != unix.EINTR {
			return err
		}
		run, at = run[max(n, 0):], at+uint64(max(n, 0))
	}
	return nil
}

// finish: from now on nobody can write to it.
func (s *imageSource) finish(size uint64) (view []byte, err error) {
	if s.file < 0 {
		return s.whole, nil
	}
	_, err = unix.FcntlInt(uintptr(s.file), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	if err == nil {
		s.whole, err = syscall.Mmap(s.file, 0, int(size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	}
	return s.whole, err
}

func (s *imageSource) close([]byte) {
	if s.file >= 0 {
		_ = unix.Close(s.file)
		descriptors.Give(1)
		s.file = -1
	}
	if s.whole != nil {
		_ = syscall.Munmap(s.whole)
		s.whole = nil
	}
}

func (s *imageSource) isFile() bool { return s.file >= 0 }

// mapOver puts the image where b is, privately. False: it could not be, and b is as it was. (The system has a bound for the mappings of a process.)
func (s *imageSource) mapOver(b []byte) bool {
	if s.file < 0 {
		return false
	}
	at := unsafe.Pointer(unsafe.SliceData(b))
	_, err := unix.MmapPtr(s.file, s.offset, at, uintptr(len(b)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE)
	return err == nil
}

// unmapImage makes a range that an image was mapped over what it was before: nobody's, and zero.
func unmapImage(b []byte) {
	at := unsafe.Pointer(unsafe.SliceData(b))
	_, err := unix.MmapPtr(-1, 0, at, uintptr(len(b)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil { // no mapping is left: its own pages instead
		clear(b)
		return
	}
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE) // like its neighbours, with which it is one mapping then
}

// dropWritten has the pages that were written read as the file again, and those behind it as zero. Not those that are locked.
func dropWritten(b []byte) bool { return unix.Madvise(b, unix.MADV_DONTNEED) == nil }

// fileSource maps a file that somebody has saved: other processes share its pages. ok is false where it cannot be, then it is read.
func fileSource(file *os.File, offset int64, size uint64) (s imageSource, view []byte, ok bool) {
	s.file = -1
	if size == 0 || !descriptors.Take() {
		return s, nil, size == 0
	}
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		s.file, s.offset = fd, offset
		s.whole, err = syscall.Mmap(fd, offset, int(size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	} else {
		descriptors.Give(1)
	}
	if err != nil {
		s.close(nil)
		return s, nil, false
	}
	return s, s.whole, true
}

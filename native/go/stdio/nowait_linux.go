package stdio

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rwfNoWait is RWF_NOWAIT: with it a write to a pipe or terminal takes what fits and never waits, nor does a read of a pipe,
// although the descriptor may.
const rwfNoWait = 0x8

// writeNoWait writes what the other side takes at once; EAGAIN where that is nothing, EOPNOTSUPP where the kernel cannot say it.
func (s *descriptor) writeNoWait(p []byte) (int, error) {
	if s.kind == unix.S_IFSOCK {
		return unix.SendmsgN(s.fd, p, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	}
	return s.noWait(unix.SYS_PWRITEV2, p)
}

// readNoWait reads what is there, likewise. Whether the driver of a terminal or another device waits is its own affair.
func (s *descriptor) readNoWait(p []byte) (int, error) {
	switch s.kind {
	case unix.S_IFSOCK:
		n, _, err := unix.Recvfrom(s.fd, p, unix.MSG_DONTWAIT)
		return n, err
	case unix.S_IFCHR:
		return 0, unix.EOPNOTSUPP
	}
	return s.noWait(unix.SYS_PREADV2, p)
}

func (s *descriptor) noWait(call uintptr, p []byte) (int, error) {
	vec := unix.Iovec{Base: &p[0]}
	vec.SetLen(len(p))
	n, _, e := unix.Syscall6(call, uintptr(s.fd), uintptr(unsafe.Pointer(&vec)), 1, ^uintptr(0), ^uintptr(0), rwfNoWait)
	runtime.KeepAlive(p)
	switch e {
	case 0:
		return int(n), nil
	case unix.ENOSYS, unix.EINVAL, unix.ESPIPE:
		return 0, unix.EOPNOTSUPP
	}
	return 0, e
}

// neverWaits: a file on a disk, and the devices of mem(4): null, zero, full.
func neverWaits(st *unix.Stat_t) bool {
	const memory = 1
	kind := st.Mode & unix.S_IFMT
	return kind == unix.S_IFREG || kind == unix.S_IFCHR && unix.Major(st.Rdev) == memory
}

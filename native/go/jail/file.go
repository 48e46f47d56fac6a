//go:build linux || darwin

package jail

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/descriptors"
	"wazeronode/errno"
)

// file is one that a guest has open. It is used by the guest's goroutine; Close and interrupt may come from another one, and os.File
// keeps the descriptor from being given to somebody else under a call that is in flight.
type file struct {
	fs   *FS
	file *os.File
	raw  syscall.RawConn

	dev      uint64
	ino      sys.Inode
	isDir    bool
	special  bool // a pipe, socket or device: its descriptor does not block, and os.File parks the goroutine
	counted  bool // in fs.limit
	appends  bool
	nonblock bool
	entries  directory

	interrupted atomic.Bool
	closed      atomic.Bool

	busy sync.Mutex // while an Apart does something with it
}

var _ experimentalsys.PollableFile = (*file)(nil)

func newFile(fs *FS, osFile *os.File, flag experimentalsys.Oflag) (*file, experimentalsys.Errno) {
	f := &file{fs: fs, file: osFile, nonblock: flag&experimentalsys.O_NONBLOCK != 0}
	info, err := osFile.Stat()
	if err == nil {
		f.raw, err = osFile.SyscallConn()
	}
	if err != nil {
		osFile.Close()
		return nil, errno.Of(err)
	}
	st := sys.NewStat_t(info)
	f.dev, f.ino, f.isDir = st.Dev, st.Ino, info.IsDir()
	f.special = !f.isDir && !info.Mode().IsRegular()
	if flag&experimentalsys.O_APPEND != 0 && !f.isDir {
		if e := f.SetAppend(true); e != 0 {
			osFile.Close()
			return nil, e
		}
	}
	return f, 0
}

// control calls do with the descriptor, which stays open meanwhile.
func (f *file) control(do func(fd int) error) experimentalsys.Errno {
	var err error
	if f.raw.Control(func(fd uintptr) { err = retry(func() error { return do(int(fd)) }) }) != nil {
		return experimentalsys.EBADF // closed
	}
	return errno.Of(err)
}

func (f *file) Dev() (uint64, experimentalsys.Errno)    { return f.dev, 0 }
func (f *file) Ino() (sys.Inode, experimentalsys.Errno) { return f.ino, 0 }
func (f *file) IsDir() (bool, experimentalsys.Errno)    { return f.isDir, 0 }
func (f *file) IsAppend() bool                          { return f.appends }
func (f *file) IsNonblock() bool                        { return f.nonblock }

func (f *file) SetAppend(enable bool) experimentalsys.Errno {
	if f.isDir {
		return experimentalsys.EISDIR
	}
	e := f.control(func(fd int) error { return setFlag(fd, unix.O_APPEND, enable) })
	if e == 0 {
		f.appends = enable
	}
	return e
}

func setFlag(fd, flag int, enable bool) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	flags &^= flag
	if enable {
		flags |= flag
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	return err
}

// SetNonblock: the descriptor of a special file never blocks, whatever the guest has asked for; what changes is whether Read waits.
func (f *file) SetNonblock(enable bool) experimentalsys.Errno {
	if f.closed.Load() {
		return experimentalsys.EBADF
	}
	f.nonblock = enable
	return 0
}

func (f *file) Stat() (sys.Stat_t, experimentalsys.Errno) {
	info, err := f.file.Stat()
	if err != nil {
		return sys.Stat_t{}, errno.Of(err)
	}
	return sys.NewStat_t(info), 0
}

// directoryIO is what reading and writing a directory gives, as WASI has it: such a descriptor lacks the rights.
const directoryIO = experimentalsys.EBADF

func (f *file) Read(buf []byte) (int, experimentalsys.Errno) {
	switch {
	case f.isDir:
		return 0, directoryIO
	case len(buf) == 0:
		return 0, 0
	case f.special:
		return f.transfer(buf, f.file.Read, unix.Read)
	}
	n, err := f.file.Read(buf)
	return n, errno.Of(err)
}

func (f *file) Pread(buf []byte, offset int64) (int, experimentalsys.Errno) {
	switch {
	case f.isDir:
		return 0, directoryIO
	case offset < 0:
		return 0, experimentalsys.EINVAL
	case len(buf) == 0:
		return 0, 0
	}
	n, err := f.file.ReadAt(buf, offset)
	return n, errno.Of(err)
}

func (f *file) Write(buf []byte) (int, experimentalsys.Errno) {
	switch {
	case f.isDir:
		return 0, directoryIO
	case len(buf) == 0:
		return 0, 0
	case f.special:
		return f.transfer(buf, f.file.Write, unix.Write)
	}
	n, err := f.file.Write(buf)
	if n > 0 {
		err = nil // the disk filled up on the way: what was written counts, and the next write tells
	}
	return n, errno.Of(err)
}

// transfer is Read and Write of a special file: a guest that asked for it does not wait; else its goroutine is parked, without a
// thread, until there is something, Close or Interrupt.
func (f *file) transfer(buf []byte, parked func([]byte) (int, error), at func(int, []byte) (int, error)) (n int, e experimentalsys.Errno) {
	if f.nonblock {
		e = f.control(func(fd int) (err error) { n, err = at(fd, buf); return err })
		return max(n, 0), e
	}
	_ = f.file.SetDeadline(time.Time{}) // then look: an Interrupt between the two is seen, one after it ends the call
	if f.interrupted.Swap(false) {
		return 0, experimentalsys.EINTR
	}
	n, err := parked(buf)
	if e = errno.Of(err); e == experimentalsys.EINTR {
		f.interrupted.Store(false)
	}
	if n > 0 {
		e = 0
	}
	return n, e
}

// Pwrite writes where it is told to. Linux would append whatever the offset is; the descriptor is ours alone, so it can be told not to
// for as long as that takes.
func (f *file) Pwrite(buf []byte, offset int64) (int, experimentalsys.Errno) {
	switch {
	case f.isDir:
		return 0, directoryIO
	case offset < 0:
		return 0, experimentalsys.EINVAL
	case len(buf) == 0:
		return 0, 0
	}
	if f.appends {
		if e := f.control(func(fd int) error { return setFlag(fd, unix.O_APPEND, false) }); e != 0 {
			return 0, e
		}
		defer f.control(func(fd int) error { return setFlag(fd, unix.O_APPEND, true) })
	}
	n, err := f.file.WriteAt(buf, offset)
	return n, errno.Of(err)
}

func (f *file) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	if uint(whence) > io.SeekEnd {
		return 0, experimentalsys.EINVAL
	}
	if f.isDir {
		if offset != 0 || whence != io.SeekStart {
			return 0, experimentalsys.EISDIR
		}
		return 0, f.control(f.entries.rewind)
	}
	n, err := f.file.Seek(offset, whence)
	return n, errno.Of(err)
}

// SeekEntry has Readdir go on with the nth entry that it gave.
func (f *file) SeekEntry(n uint64) experimentalsys.Errno {
	if !f.isDir {
		return experimentalsys.EBADF
	}
	return f.control(func(fd int) error { return f.entries.seek(fd, n) })
}

// MayAllocate: posix_fallocate wants a file that can be written, also where it has the size already.
func (f *file) MayAllocate() (e experimentalsys.Errno) {
	if f.fs.readOnly {
		return experimentalsys.EBADF
	}
	return f.control(func(fd int) error {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY {
			err = unix.EBADF
		}
		return err
	})
}

func (f *file) Readdir(n int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	if !f.isDir {
		return nil, experimentalsys.EBADF
	}
	var entries []experimentalsys.Dirent
	e := f.control(func(fd int) (err error) { entries, err = f.entries.read(fd, n); return err })
	return entries, e
}

func (f *file) Truncate(size int64) experimentalsys.Errno {
	switch {
	case f.isDir:
		return directoryIO
	case size < 0:
		return experimentalsys.EINVAL
	case f.fs.readOnly:
		return experimentalsys.EROFS
	}
	return errno.Of(f.file.Truncate(size))
}

func (f *file) Sync() experimentalsys.Errno     { return errno.Of(f.file.Sync()) }
func (f *file) Datasync() experimentalsys.Errno { return f.control(datasync) }

func (f *file) Utimens(atim, mtim int64) experimentalsys.Errno {
	if f.fs.readOnly {
		return experimentalsys.EROFS
	}
	return f.control(func(fd int) error { return setTimes(fd, atim, mtim) })
}

// Poll waits no longer than timeoutMillis, or without end if that is negative.
func (f *file) Poll(flag experimentalsys.Pflag, timeoutMillis int32) (bool, experimentalsys.Errno) {
	if flag != experimentalsys.POLLIN && flag != experimentalsys.POLLOUT {
		return false, experimentalsys.ENOTSUP
	}
	if !f.special {
		return true, 0
	}
	const turn = 20 * time.Millisecond // so that Interrupt and Close are seen
	for left := time.Duration(timeoutMillis) * time.Millisecond; ; left -= turn {
		wait := turn
		if timeoutMillis >= 0 {
			wait = max(0, min(turn, left))
		}
		ready, e := f.poll(flag, wait)
		switch {
		case ready || e != 0 || timeoutMillis >= 0 && left <= turn:
			return ready, e
		case f.interrupted.Swap(false):
			return false, experimentalsys.EINTR
		}
	}
}

func (f *file) poll(flag experimentalsys.Pflag, wait time.Duration) (ready bool, e experimentalsys.Errno) {
	events := int16(unix.POLLIN)
	if flag == experimentalsys.POLLOUT {
		events = unix.POLLOUT
	}
	e = f.control(func(fd int) error {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, int(wait.Milliseconds()))
		ready = n > 0
		return err
	})
	return ready, e
}

func (f *file) interrupt() {
	f.interrupted.Store(true)
	_ = f.file.SetDeadline(time.Unix(1, 0)) // a device that cannot be polled has no deadline, and parks nobody
}

func (f *file) Close() experimentalsys.Errno {
	if f.closed.Swap(true) {
		return 0
	}
	f.fs.mu.Lock()
	delete(f.fs.files, f)
	f.fs.mu.Unlock()
	if f.counted {
		f.fs.limit.Release()
	}
	defer descriptors.Give(1)
	return errno.Of(f.file.Close())
}

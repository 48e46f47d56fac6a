//go:build unix

package main

import (
	"io/fs"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
	"golang.org/x/sys/unix"

	"wazeronode/errno"
)

// fdFile is an fdStream as a guest sees it with edit e8stdio: the file that wazero makes of an *os.File. Only what is not to block
// differs: that is kept here, because it would otherwise be so for everybody who has the descriptor.
type fdFile struct {
	experimentalsys.UnimplementedFile
	*fdStream
	mode     fs.FileMode
	nonblock bool
}

var _ experimentalsys.PollableFile = (*fdFile)(nil)

// StandardStream is what the edit looks for.
func (s *fdStream) StandardStream() experimentalsys.File {
	f := &fdFile{fdStream: s, mode: fs.ModeDevice}
	if s.kind != 0 {
		f.mode = fileTypes[s.kind]
	}
	return f
}

var fileTypes = map[uint32]fs.FileMode{
	unix.S_IFDIR: fs.ModeDir, unix.S_IFCHR: fs.ModeDevice | fs.ModeCharDevice, unix.S_IFBLK: fs.ModeDevice, unix.S_IFIFO: fs.ModeNamedPipe,
	unix.S_IFSOCK: fs.ModeSocket, unix.S_IFLNK: fs.ModeSymlink,
}

// Stat has wazero's constants but for the type.
func (f *fdFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: f.mode, Nlink: 1}, 0
}

func (f *fdFile) IsDir() (bool, experimentalsys.Errno)          { return f.mode.IsDir(), 0 }
func (f *fdFile) IsAppend() bool                                { return true }
func (f *fdFile) SetAppend(bool) experimentalsys.Errno          { return 0 }
func (f *fdFile) IsNonblock() bool                              { return f.nonblock }
func (f *fdFile) SetNonblock(enable bool) experimentalsys.Errno { f.nonblock = enable; return 0 }
func (f *fdFile) Close() experimentalsys.Errno                  { return 0 } // never ours
func (f *fdFile) Sync() experimentalsys.Errno                   { return errno.Of(unix.Fsync(f.fd)) }
func (f *fdFile) Datasync() experimentalsys.Errno               { return f.Sync() }

func (f *fdFile) Read(p []byte) (int, experimentalsys.Errno) {
	if e := f.wouldBlock(unix.POLLIN); e != 0 || len(p) == 0 {
		return 0, e
	}
	n, err := f.fdStream.Read(p)
	return n, errno.Of(err)
}

func (f *fdFile) Write(p []byte) (n int, e experimentalsys.Errno) {
	if !f.nonblock {
		n, err := f.fdStream.Write(p)
		return n, errno.Of(err)
	}
	for n < len(p) {
		done, err := f.writeSome(p[n:])
		if err != nil && err != unix.EINTR {
			e = errno.Of(err)
			break
		}
		n += max(done, 0)
	}
	if n > 0 {
		e = 0 // the next write tells
	}
	return n, e
}

func (f *fdFile) wouldBlock(events int16) experimentalsys.Errno {
	if !f.nonblock {
		return 0
	}
	if ready, err := f.poll(events, 0); err != nil || ready {
		return errno.Of(err)
	}
	return experimentalsys.EAGAIN
}

func (f *fdFile) Poll(flag experimentalsys.Pflag, timeoutMillis int32) (bool, experimentalsys.Errno) {
	return f.fdStream.Poll(flag, timeoutMillis)
}

func (f *fdFile) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	at, err := unix.Seek(f.fd, offset, whence)
	return at, errno.Of(err)
}

func (f *fdFile) Pread(p []byte, offset int64) (int, experimentalsys.Errno) {
	n, err := unix.Pread(f.fd, p, offset)
	return max(n, 0), errno.Of(err)
}

func (f *fdFile) Pwrite(p []byte, offset int64) (int, experimentalsys.Errno) {
	n, err := unix.Pwrite(f.fd, p, offset)
	return max(n, 0), errno.Of(err)
}

func (f *fdFile) Truncate(size int64) experimentalsys.Errno {
	return errno.Of(unix.Ftruncate(f.fd, size))
}

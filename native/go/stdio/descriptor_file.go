//go:build unix

package stdio

import (
	"io/fs"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
	"golang.org/x/sys/unix"

	"wazeronode/errno"
)

// descriptorFile is a descriptor as a guest sees it with edit e8stdio. It is a stream also where the descriptor is a file's. What is not to block
// is kept here, because it would otherwise be so for everybody who has the descriptor.
type descriptorFile struct {
	streamFile
	*descriptor
	mode     fs.FileMode
	nonblock bool
}

var _ experimentalsys.PollableFile = (*descriptorFile)(nil)

// StandardStream is what the edit looks for.
func (s *descriptor) StandardStream() experimentalsys.File {
	f := &descriptorFile{descriptor: s, mode: fs.ModeDevice}
	if s.kind != 0 {
		f.mode = fileTypes[s.kind]
	}
	return f
}

// fileTypes: a file and a directory are as good as a pipe.
var fileTypes = map[uint32]fs.FileMode{
	unix.S_IFREG: fs.ModeNamedPipe, unix.S_IFDIR: fs.ModeNamedPipe, unix.S_IFCHR: fs.ModeDevice | fs.ModeCharDevice, unix.S_IFBLK: fs.ModeDevice,
	unix.S_IFIFO: fs.ModeNamedPipe, unix.S_IFSOCK: fs.ModeSocket, unix.S_IFLNK: fs.ModeSymlink,
}

// Stat has wazero's constants but for the type.
func (f *descriptorFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: f.mode, Nlink: 1}, 0
}

func (f *descriptorFile) StreamReads() bool                    { return f.reads }
func (f *descriptorFile) IsAppend() bool                       { return !f.reads }
func (f *descriptorFile) SetAppend(bool) experimentalsys.Errno { return 0 }
func (f *descriptorFile) IsNonblock() bool                     { return f.nonblock }
func (f *descriptorFile) SetNonblock(enable bool) experimentalsys.Errno {
	f.nonblock = enable
	return 0
}
func (f *descriptorFile) Sync() experimentalsys.Errno     { return errno.Of(unix.Fsync(f.fd)) }
func (f *descriptorFile) Datasync() experimentalsys.Errno { return f.Sync() }

func (f *descriptorFile) Read(p []byte) (int, experimentalsys.Errno) {
	if !f.reads {
		return 0, experimentalsys.EBADF
	}
	if len(p) == 0 {
		return 0, 0
	}
	read := f.descriptor.Read
	if f.nonblock {
		read = f.readSome
	}
	n, err := read(p)
	return max(n, 0), errno.Of(err)
}

func (f *descriptorFile) Write(p []byte) (n int, e experimentalsys.Errno) {
	if f.reads {
		return 0, experimentalsys.EBADF
	}
	if !f.nonblock {
		n, err := f.descriptor.Write(p)
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

func (f *descriptorFile) Poll(flag experimentalsys.Pflag, timeoutMillis int32) (bool, experimentalsys.Errno) {
	return f.descriptor.Poll(flag, timeoutMillis)
}

func (f *descriptorFile) Pread(p []byte, offset int64) (int, experimentalsys.Errno) {
	return 0, f.direction(f.reads)
}
func (f *descriptorFile) Pwrite(p []byte, offset int64) (int, experimentalsys.Errno) {
	return 0, f.direction(!f.reads)
}

// direction is why there is no place to read from or write to: it is a stream, or one that goes the other way.
func (f *descriptorFile) direction(right bool) experimentalsys.Errno {
	if right {
		return errno.NotSeekable
	}
	return experimentalsys.EBADF
}

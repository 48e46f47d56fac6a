package jsfs

import (
	"io"
	"io/fs"
	"math"
	"path"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/descriptors"
	"wazeronode/errno"
)

func (s *FS) OpenFile(name string, flag experimentalsys.Oflag, perm fs.FileMode) (experimentalsys.File, experimentalsys.Errno) {
	p, e := s.clean(name)
	if e != 0 {
		return nil, e
	}
	// WASI's path_open always gives a mode. Two other functions of wazero come here without one.
	switch {
	case perm == 0 && flag == experimentalsys.O_RDONLY && p.name == "/":
		// The mount as a preopened directory: wazero panics on any error but ENOENT, so nothing is asked before it is used.
		return &dir{fs: s, path: p.name}, 0
	case perm == 0 && flag == experimentalsys.O_WRONLY:
		return &timesOf{fs: s, path: p.name, follow: p.directory}, 0
	case flag&experimentalsys.O_CREAT != 0 && p.directory:
		if _, e = s.stat(abi.FSStat, path.Dir(p.name), true); e == 0 {
			e = experimentalsys.EISDIR
		}
		return nil, e
	}
	if !s.limit.Take() {
		return nil, errno.TooManyFiles
	}
	opened, taken := false, false
	defer func() { // the question may unwind the guest
		if !opened {
			s.limit.Release()
		}
		if taken && !opened {
			s.giveDescriptor()
		}
	}()
	if s.real.Load() {
		if taken = s.takeDescriptor(); !taken {
			return nil, errno.TooManyFiles
		}
	}
	if p.directory {
		flag = flag&^experimentalsys.O_NOFOLLOW | experimentalsys.O_DIRECTORY
	}
	a, _, e := s.ask(abi.FSOpen, []byte(p.name), nil, uint64(len(p.name)), openFlags(flag), uint64(perm.Perm()))
	if e != 0 {
		return nil, e
	}
	if a[2] == 0 {
		if taken {
			s.giveDescriptor()
		}
		opened = true
		return s.dirs.add(&dir{fs: s, path: p.name, counted: true}), 0
	}
	if !taken && a[3] != 0 && descriptors.Is(int(a[3]-1)) {
		s.real.Store(true)
		if taken = s.takeDescriptor(); !taken {
			s.closeHandle(a[2])
			return nil, errno.TooManyFiles
		}
	}
	opened = true
	return &file{fs: s, handle: a[2], flag: flag, descriptor: taken}, 0
}

func openFlags(flag experimentalsys.Oflag) (word uint64) {
	for _, f := range []struct {
		flag experimentalsys.Oflag
		word uint64
	}{
		{experimentalsys.O_WRONLY, abi.OpenWrite}, {experimentalsys.O_RDWR, abi.OpenReadWrite}, {experimentalsys.O_CREAT, abi.OpenCreate},
		{experimentalsys.O_EXCL, abi.OpenExclusive}, {experimentalsys.O_TRUNC, abi.OpenTruncate}, {experimentalsys.O_DIRECTORY, abi.OpenDirectory},
		{experimentalsys.O_NOFOLLOW, abi.OpenNoFollow}, {experimentalsys.O_SYNC, abi.OpenSync}, {experimentalsys.O_DSYNC, abi.OpenDataSync},
		{experimentalsys.O_RSYNC, abi.OpenSync},
	} {
		if flag&f.flag != 0 {
			word |= f.word
		}
	}
	return word
}

// file is an open file that is no directory. The offset is kept here, JavaScript is always told where: one that appends looks for
// the end, so that appending can be switched on and off. Only the guest's goroutine uses it.
type file struct {
	fs       *FS
	handle   uint64
	flag     experimentalsys.Oflag
	nonblock bool
	offset   int64
	closed   bool

	descriptor bool // it has one of the process, which is counted
}

var _ experimentalsys.PollableFile = (*file)(nil)

const (
	largestChunk = 1 << 20   // of one question: the bytes are copied
	largestSafe  = 1<<53 - 1 // positions are numbers in JavaScript
)

func (f *file) reads() bool  { return f.flag&experimentalsys.O_WRONLY == 0 }
func (f *file) writes() bool { return f.flag&(experimentalsys.O_WRONLY|experimentalsys.O_RDWR) != 0 }

func (f *file) IsDir() (bool, experimentalsys.Errno) { return false, 0 }
func (f *file) IsAppend() bool                       { return f.flag&experimentalsys.O_APPEND != 0 }
func (f *file) IsNonblock() bool                     { return f.nonblock }

func (f *file) SetAppend(enable bool) experimentalsys.Errno {
	f.flag &^= experimentalsys.O_APPEND
	if enable {
		f.flag |= experimentalsys.O_APPEND
	}
	return 0
}

func (f *file) SetNonblock(enable bool) experimentalsys.Errno {
	f.nonblock = enable
	return 0
}

// Poll says what files always are.
func (f *file) Poll(experimentalsys.Pflag, int32) (bool, experimentalsys.Errno) { return true, 0 }

func (f *file) Stat() (sys.Stat_t, experimentalsys.Errno) {
	a, _, e := f.fs.ask(abi.FSFstat, nil, nil, f.handle)
	return a.stat(), e
}

func (f *file) Dev() (uint64, experimentalsys.Errno) {
	st, e := f.Stat()
	return st.Dev, e
}

func (f *file) Ino() (sys.Inode, experimentalsys.Errno) {
	st, e := f.Stat()
	return st.Ino, e
}

func (f *file) Read(buf []byte) (int, experimentalsys.Errno) {
	n, e := f.Pread(buf, f.offset)
	f.offset += int64(n)
	return n, e
}

func (f *file) Pread(buf []byte, offset int64) (n int, e experimentalsys.Errno) {
	switch {
	case !f.reads():
		return 0, experimentalsys.EBADF
	case offset < 0 || offset > largestSafe-math.MaxUint32:
		return 0, experimentalsys.EINVAL
	}
	for n < len(buf) {
		chunk := buf[n:min(len(buf), n+largestChunk)]
		got, e := f.fs.read(f.handle, chunk, offset+int64(n))
		if e != 0 && n > 0 {
			break // what was read counts, the next read tells
		}
		if e != 0 {
			return 0, e
		}
		n += got
		if got < len(chunk) {
			break
		}
	}
	return n, 0
}

func (f *file) Write(buf []byte) (int, experimentalsys.Errno) {
	at := f.offset
	if f.IsAppend() {
		at = -1
	}
	n, end, e := f.write(buf, at)
	if n > 0 {
		f.offset = end
	}
	return n, e
}

func (f *file) Pwrite(buf []byte, offset int64) (int, experimentalsys.Errno) {
	if offset < 0 {
		return 0, experimentalsys.EINVAL
	}
	n, _, e := f.write(buf, offset)
	return n, e
}

// write writes all of it, or until something goes wrong: wazero does not look whether a write was short. at -1: the end of the file.
func (f *file) write(buf []byte, at int64) (n int, end int64, e experimentalsys.Errno) {
	switch {
	case f.fs.readOnly:
		return 0, 0, experimentalsys.EROFS
	case !f.writes():
		return 0, 0, experimentalsys.EBADF
	case at > largestSafe-math.MaxUint32:
		return 0, 0, errno.TooLarge
	}
	for n < len(buf) {
		a, _, e := f.fs.ask(abi.FSWrite, buf[n:min(len(buf), n+largestChunk)], nil, f.handle, uint64(at))
		if e != 0 && n > 0 {
			break
		}
		if e != 0 {
			return 0, 0, e
		}
		if a[1] == 0 {
			return n, end, experimentalsys.EIO
		}
		n += int(min(a[1], uint64(len(buf)-n)))
		end = int64(a[2])
		if at >= 0 {
			at = end
		}
	}
	return n, end, 0
}

func (f *file) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		st, e := f.Stat()
		if e != 0 {
			return 0, e
		}
		offset += st.Size
	default:
		return 0, experimentalsys.EINVAL
	}
	if offset < 0 {
		return 0, experimentalsys.EINVAL
	}
	f.offset = offset
	return offset, 0
}

func (f *file) Readdir(int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	return nil, experimentalsys.EBADF
}

func (f *file) Truncate(size int64) experimentalsys.Errno {
	switch {
	case f.fs.readOnly:
		return experimentalsys.EROFS
	case size < 0 || !f.writes():
		return experimentalsys.EINVAL
	case size > largestSafe:
		return errno.TooLarge
	}
	_, _, e := f.fs.ask(abi.FSTruncate, nil, nil, f.handle, uint64(size))
	return e
}

// MayAllocate: posix_fallocate wants a file that can be written, also where it has the size already.
func (f *file) MayAllocate() experimentalsys.Errno {
	if f.fs.readOnly || !f.writes() {
		return experimentalsys.EBADF
	}
	return 0
}

func (f *file) Sync() experimentalsys.Errno     { return f.sync(false) }
func (f *file) Datasync() experimentalsys.Errno { return f.sync(true) }

func (f *file) sync(dataOnly bool) experimentalsys.Errno {
	if f.fs.readOnly {
		return 0 // there is nothing to write
	}
	_, _, e := f.fs.ask(abi.FSSync, nil, nil, f.handle, boolWord(dataOnly))
	return e
}

func (f *file) Utimens(atim, mtim int64) experimentalsys.Errno {
	if f.fs.readOnly {
		return experimentalsys.EROFS
	}
	_, _, e := f.fs.ask(abi.FSFutimes, nil, nil, f.handle, uint64(atim), uint64(mtim))
	return e
}

func (f *file) Close() experimentalsys.Errno {
	if f.closed {
		return 0
	}
	f.closed = true
	f.fs.limit.Release()
	if f.descriptor {
		defer f.fs.giveDescriptor()
	}
	return f.fs.closeHandle(f.handle)
}

// closeHandle does not ask when the module is being closed, or the guest unwound: FS.Close then lets go of everything.
func (s *FS) closeHandle(handle uint64) experimentalsys.Errno {
	f := s.module.Running()
	if f == nil || f.IsStopped() || s.module.Closed.Load() {
		return 0
	}
	_, _, e := s.ask(abi.FSClose, nil, nil, handle)
	return e
}

// timesOf is a path whose times are to be set: path_filestat_set_times opens for that when it must not follow.
type timesOf struct {
	experimentalsys.UnimplementedFile
	fs     *FS
	path   string
	follow bool
}

func (t *timesOf) Utimens(atim, mtim int64) experimentalsys.Errno {
	if t.fs.readOnly {
		return experimentalsys.EROFS
	}
	op := uint64(abi.FSLutimes)
	if t.follow || t.path == path.Dir(t.path) {
		op = abi.FSUtimes
	}
	return t.fs.askPath(op, t.path, uint64(atim), uint64(mtim))
}

// Package jsfs is file systems in JavaScript as wazero has them: what a guest asks of a mount is a question of the frame that runs, to the file
// system that src/io/mount.ts knows by its number. An FS owns the handles that JavaScript gave for its open files, and the descriptors of the
// process that they stand for; both are let go of when the module is closed. One guest uses it, on one goroutine at a time: there is no lock.
package jsfs

import (
	"io/fs"
	"path"
	"sync/atomic"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/descriptors"
	"wazeronode/errno"
	"wazeronode/frames"
	"wazeronode/jail"
)

// FS is a file system in JavaScript, mounted for one guest: each operation is a question (WZ_MSG_FS) of the frame that runs.
type FS struct {
	module   *frames.Member
	env      uint64
	target   uint64
	readOnly bool
	limit    *jail.OpenFiles
	dirs     *Dirs       // of all mounts of this file system
	asked    atomic.Bool // JavaScript may have handles to release
	real     atomic.Bool // its files have descriptors of the process, as was seen of the first one
	held     atomic.Int64
	spare    atomic.Pointer[readQuestion]
}

var _ experimentalsys.FS = (*FS)(nil)

// New mounts the file system of that number for the guest; dirs are those of all its mounts of it. Of env: its environment's number.
func New(m *frames.Member, env, target uint64, readOnly bool, limit *jail.OpenFiles, dirs *Dirs) *FS {
	return &FS{module: m, env: env, target: target, readOnly: readOnly, limit: limit, dirs: dirs}
}

// fsAnswer is as long as the longest answer, a stat.
type fsAnswer [10]uint64

// ask puts a question. room is where the bytes of the answer go; n is how many came.
func (s *FS) ask(op uint64, data, room []byte, params ...uint64) (a fsAnswer, n int, e experimentalsys.Errno) {
	f := s.module.Running()
	if f == nil || s.module.Closed.Load() {
		return a, 0, experimentalsys.EBADF
	}
	s.asked.Store(true)
	words := append([]uint64{op}, params...)
	n = f.Upcall(abi.Message{Kind: abi.MsgFS, Target: s.target, Module: s.module.Self.Handle(), Words: words, Bytes: data}, a[:], room)
	if a[0] != 0 {
		return a, 0, experimentalsys.Errno(a[0])
	}
	return a, int(min(uint64(n), a[1])), 0
}

// readQuestion is kept for the next read: of those a guest makes the most.
type readQuestion struct {
	abi.Message
	params [3]uint64
	answer fsAnswer
}

// read asks for the bytes of an open file from a position on.
func (s *FS) read(file uint64, room []byte, position int64) (int, experimentalsys.Errno) {
	f := s.module.Running()
	if f == nil || s.module.Closed.Load() {
		return 0, experimentalsys.EBADF
	}
	r := s.spare.Swap(nil) // nil also while one is under way: the file system may call the guest
	if r == nil {
		r = &readQuestion{}
		r.Message = abi.Message{Kind: abi.MsgFS, Target: s.target, Module: s.module.Self.Handle(), Words: r.params[:]}
	}
	r.params, r.answer = [...]uint64{abi.FSRead, file, uint64(position)}, fsAnswer{}
	n := f.Upcall(r.Message, r.answer[:], room)
	e, count := experimentalsys.Errno(r.answer[0]), r.answer[1]
	s.spare.Store(r) // not where the guest is unwound
	if e != 0 {
		return 0, e
	}
	return int(min(uint64(n), count)), 0
}

// askPath is a question about a path that is answered by an errno.
func (s *FS) askPath(op uint64, path string, params ...uint64) experimentalsys.Errno {
	_, _, e := s.ask(op, []byte(path), nil, append([]uint64{uint64(len(path))}, params...)...)
	return e
}

// askPaths is one about two.
func (s *FS) askPaths(op uint64, first, second string, params ...uint64) experimentalsys.Errno {
	_, _, e := s.ask(op, []byte(first+second), nil, append([]uint64{uint64(len(first))}, params...)...)
	return e
}

// Close lets go of every file that is still open: the module is closed, no frame of it can ask.
func (s *FS) Close() error {
	descriptors.Give(int(s.held.Swap(0)))
	if s.asked.Load() {
		abi.Post(s.env, abi.Message{Kind: abi.MsgFS, Target: s.target, Words: []uint64{abi.FSRelease}, Tenant: s.module.Self.Account().Tenant().Address()})
	}
	return nil
}

// takeDescriptor is for a file that has one; the mount's end gives back what its files have not.
func (s *FS) takeDescriptor() bool {
	if !descriptors.Take() {
		return false
	}
	s.held.Add(1)
	return true
}

func (s *FS) giveDescriptor() {
	for n := s.held.Load(); n > 0; n = s.held.Load() {
		if s.held.CompareAndSwap(n, n-1) {
			descriptors.Give(1)
			return
		}
	}
}

// Interrupt has nothing to wake: who waits for JavaScript hears of the frame's stop.
func (s *FS) Interrupt() {}

func (s *FS) Stat(name string) (sys.Stat_t, experimentalsys.Errno) {
	p, e := s.clean(name)
	if e != 0 {
		return sys.Stat_t{}, e
	}
	return s.stat(abi.FSStat, p.name, p.directory)
}

func (s *FS) Lstat(name string) (sys.Stat_t, experimentalsys.Errno) {
	p, e := s.clean(name)
	if e != 0 {
		return sys.Stat_t{}, e
	}
	if p.directory { // it follows
		return s.stat(abi.FSStat, p.name, true)
	}
	return s.stat(abi.FSLstat, p.name, false)
}

func (s *FS) stat(op uint64, cleaned string, directory bool) (sys.Stat_t, experimentalsys.Errno) {
	a, _, e := s.ask(op, []byte(cleaned), nil, uint64(len(cleaned)))
	if e != 0 {
		return sys.Stat_t{}, e
	}
	st := a.stat()
	if directory && !st.Mode.IsDir() {
		return sys.Stat_t{}, experimentalsys.ENOTDIR
	}
	return st, 0
}

func (a *fsAnswer) stat() sys.Stat_t {
	return sys.Stat_t{
		Mode: fileMode(uint32(a[2])), Nlink: a[3], Size: int64(a[4]), Dev: a[5], Ino: a[6],
		Atim: int64(a[7]), Mtim: int64(a[8]), Ctim: int64(a[9]),
	}
}

// fileMode makes Go's mode of st_mode.
func fileMode(st uint32) fs.FileMode {
	mode := fs.FileMode(st & 0o777)
	switch st & 0o170000 {
	case 0o100000:
	case 0o040000:
		mode |= fs.ModeDir
	case 0o120000:
		mode |= fs.ModeSymlink
	case 0o020000:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case 0o060000:
		mode |= fs.ModeDevice
	case 0o010000:
		mode |= fs.ModeNamedPipe
	case 0o140000:
		mode |= fs.ModeSocket
	default:
		mode |= fs.ModeIrregular
	}
	return mode
}

func (s *FS) Mkdir(name string, perm fs.FileMode) experimentalsys.Errno {
	p, e := s.writable(name)
	switch {
	case e != 0:
		return e
	case p.dots != "":
		return experimentalsys.EEXIST
	}
	return s.askPath(abi.FSMkdir, p.name, uint64(perm.Perm()))
}

func (s *FS) Chmod(name string, perm fs.FileMode) experimentalsys.Errno {
	p, e := s.writable(name)
	if e != 0 {
		return e
	}
	return s.askPath(abi.FSChmod, p.name, uint64(perm.Perm()))
}

func (s *FS) Rmdir(name string) experimentalsys.Errno {
	p, e := s.writable(name)
	switch {
	case e != 0:
		return e
	case p.dots == "..":
		return experimentalsys.ENOTEMPTY
	case p.dots == "." || p.name == "/":
		return experimentalsys.EINVAL
	}
	if e = s.askPath(abi.FSRmdir, p.name); e == 0 {
		s.dirs.remove(p.name)
	}
	return e
}

func (s *FS) Unlink(name string) experimentalsys.Errno {
	p, e := s.writable(name)
	switch {
	case e != 0:
		return e
	case p.dots != "" || p.name == "/":
		return experimentalsys.EISDIR
	}
	return s.askPath(abi.FSUnlink, p.name, boolWord(p.directory))
}

func (s *FS) Rename(from, to string) experimentalsys.Errno { return s.RenameTo(from, s, to) }

func (s *FS) Link(oldName, newName string) experimentalsys.Errno {
	return s.LinkTo(oldName, s, newName)
}

// ReadOnly is whether nothing can be changed.
func (s *FS) ReadOnly() bool { return s.readOnly }

// reaches is whether a path of another file system is one of this, which is mounted twice; nothing can be moved between two.
func (s *FS) reaches(other experimentalsys.FS) experimentalsys.Errno {
	target, ok := other.(*FS)
	switch r, known := other.(interface{ ReadOnly() bool }); {
	case s.readOnly || known && r.ReadOnly():
		return experimentalsys.EROFS
	case !ok || target.target != s.target:
		return errno.OtherDevice
	}
	return 0
}

func (s *FS) RenameTo(from string, other experimentalsys.FS, to string) experimentalsys.Errno {
	if e := s.reaches(other); e != 0 {
		return e
	}
	p, e := s.clean(from)
	if e != 0 {
		return e
	}
	target, e := s.clean(to)
	switch {
	case e != 0:
		return e
	case p.dots != "" || target.dots != "" || p.name == "/" || target.name == "/":
		return errno.Busy
	}
	if e = s.askPaths(abi.FSRename, p.name, target.name, boolWord(p.directory || target.directory)); e == 0 {
		s.dirs.rename(p.name, target.name)
	}
	return e
}

func (s *FS) LinkTo(oldName string, other experimentalsys.FS, newName string) experimentalsys.Errno {
	if e := s.reaches(other); e != 0 {
		return e
	}
	old, e := s.clean(oldName)
	if e != 0 {
		return e
	}
	target, e := s.clean(newName)
	switch {
	case e != 0:
		return e
	case old.directory: // and none has two names
		if _, e = s.stat(abi.FSStat, old.name, true); e == 0 {
			e = experimentalsys.EPERM
		}
		return e
	case target.directory:
		return s.taken(target.name)
	}
	return s.askPaths(abi.FSLink, old.name, target.name)
}

// taken is for a name of a directory where there can be none.
func (s *FS) taken(name string) experimentalsys.Errno {
	if _, e := s.stat(abi.FSLstat, name, false); e != 0 {
		return e
	}
	return experimentalsys.EEXIST
}

// Symlink refuses absolute targets, as the jail does: the guest's root is not this file system's.
func (s *FS) Symlink(target, link string) experimentalsys.Errno {
	p, e := s.writable(link)
	if e == 0 {
		e = checkText(target)
	}
	switch {
	case e != 0:
		return e
	case path.IsAbs(target):
		return experimentalsys.EPERM
	case p.directory:
		return s.taken(p.name)
	}
	return s.askPaths(abi.FSSymlink, target, p.name)
}

func (s *FS) Readlink(name string) (string, experimentalsys.Errno) {
	p, e := s.clean(name)
	switch {
	case e != 0:
		return "", e
	case p.directory: // which is no link
		if _, e = s.stat(abi.FSStat, p.name, true); e == 0 {
			e = experimentalsys.EINVAL
		}
		return "", e
	}
	return s.readlink(p.name)
}

const longestTarget = 4096

func (s *FS) readlink(cleaned string) (string, experimentalsys.Errno) {
	room := make([]byte, longestTarget)
	_, n, e := s.ask(abi.FSReadlink, []byte(cleaned), room, uint64(len(cleaned)))
	return string(room[:n]), e
}

func (s *FS) Utimens(name string, atim, mtim int64) experimentalsys.Errno {
	p, e := s.writable(name)
	if e != 0 {
		return e
	}
	return s.askPath(abi.FSUtimes, p.name, uint64(atim), uint64(mtim)) // UTIME_OMIT is 2^63
}

func boolWord(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

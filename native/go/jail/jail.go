//go:build linux || darwin

// Package jail is a file system for guests that ends at a host directory: no path, symbolic link, hard link or rename of a guest, and
// no link that the host has put there, leads out of it. wazero's own mount is not like that: it follows a link wherever it points.
//
// Paths are resolved by os.Root, one element at a time below a directory that is held open, so that there is no time between a check
// and a use. What os.Root cannot do is done by the *at system calls on a parent directory that os.Root has opened, on one name that
// is neither empty nor "." or "..", and without following it.
package jail

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/descriptors"
	"wazeronode/errno"
)

// FS is a mount as it is seen from one of its directories: from its own, or from one that the guest has open. A path never leads above that
// directory; a symbolic link may, within the mount.
type FS struct {
	*mount
	own  *os.Root // of an open directory; nil: the mount's
	name string   // of an open directory, in the mount, when it was opened; "": it is too long, or the mount's
}

// mount is one mount of one guest.
type mount struct {
	dir      string
	readOnly bool
	limit    *OpenFiles

	mu     sync.Mutex
	root   *os.Root // nil until first used
	files  map[*file]struct{}
	dirs   map[*dirFile]struct{} // that are open
	closed bool
	slow   bool // see Apart
}

var _ experimentalsys.FS = (*FS)(nil)

// New mounts dir, which need not exist: it is opened when it is first used, and the guest gets the error. limit is shared by the
// mounts of a guest.
func New(dir string, readOnly bool, limit *OpenFiles) *FS {
	return &FS{mount: &mount{dir: dir, readOnly: readOnly, limit: limit, files: map[*file]struct{}{}, dirs: map[*dirFile]struct{}{}}}
}

// Close closes the mount and each file of it that is still open: wazero leaves them when an instantiation fails. What a guest has
// parked in a pipe returns.
func (f *mount) Close() error {
	f.mu.Lock()
	f.closed = true
	files, dirs, root, slow := f.files, f.dirs, f.root, f.slow
	f.files, f.dirs, f.root = nil, nil, nil
	f.mu.Unlock()
	for open := range files {
		if slow {
			background(&open.busy, func() { open.Close() })
		} else {
			open.Close()
		}
	}
	closeAll := func() (err error) {
		for open := range dirs {
			open.end()
		}
		if root != nil {
			err = root.Close()
			descriptors.Give(1)
		}
		return err
	}
	if slow {
		background(nil, func() { _ = closeAll() })
		return nil
	}
	return closeAll()
}

// Interrupt wakes each read and write that is parked in a pipe or device now; it returns EINTR to the guest.
func (f *mount) Interrupt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for open := range f.files {
		if open.special {
			open.interrupt()
		}
	}
}

func (f *mount) open() (*os.Root, experimentalsys.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, experimentalsys.EBADF
	}
	if f.root == nil {
		if !descriptors.Take() {
			return nil, errno.TooManyFiles
		}
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			descriptors.Give(1)
			return nil, rootErrno(err)
		}
		f.root = root
	}
	return f.root, 0
}

func (f *mount) mayWrite() experimentalsys.Errno {
	if f.readOnly {
		return experimentalsys.EROFS
	}
	return 0
}

// in calls do with a root and a path in it. From an open directory a link may lead to what is beside it: then the path is looked up again,
// from the mount on, where the directory still has its name.
func (f *FS) in(name string, do func(root *os.Root, path string) experimentalsys.Errno) experimentalsys.Errno {
	root, e := f.open()
	if e != 0 {
		return e
	}
	name = clean(name)
	if f.own == nil {
		e = do(root, name)
	} else if e = do(f.own, name); e == experimentalsys.EPERM && !leadsUp(name) && f.isAt(root) {
		e = do(root, f.name+"/"+name)
	}
	if e == experimentalsys.ENOENT && !utf8.ValidString(name) {
		e = errno.IllegalSequence
	}
	return e
}

func leadsUp(name string) bool {
	name = path.Clean(name)
	return name == ".." || strings.HasPrefix(name, "../")
}

func (f *FS) isAt(root *os.Root) bool {
	if f.name == "" {
		return false
	}
	there, err := root.Stat(f.name)
	if err != nil {
		return false
	}
	own, err := f.own.Stat(".")
	return err == nil && os.SameFile(there, own)
}

// making is in for what makes a name. Those that are not UTF-8, which WASI does not have, can be used where the host made them, and removed.
func (f *FS) making(name string, do func(root *os.Root, path string) experimentalsys.Errno) experimentalsys.Errno {
	if e := f.mayWrite(); e != 0 {
		return e
	}
	if !utf8.ValidString(name) {
		return errno.IllegalSequence
	}
	return f.in(name, do)
}

// changing is in for what changes something that is there.
func (f *FS) changing(name string, do func(root *os.Root, path string) experimentalsys.Errno) experimentalsys.Errno {
	if e := f.mayWrite(); e != 0 {
		return e
	}
	return f.in(name, do)
}

// clean makes a path of a guest relative, as wazero does: "" and "/" are the directory itself.
func clean(path string) string {
	if path = strings.TrimLeft(path, "/"); path == "" {
		return "."
	}
	return path
}

// split parts a path into the directory and the last name. ok is false where the path ends in no name.
func split(name string) (dir, base string, slash, ok bool) {
	trimmed := strings.TrimRight(clean(name), "/")
	slash = strings.HasSuffix(name, "/")
	dir, base = path.Split(trimmed)
	if dir == "" {
		dir = "."
	}
	return dir, base, slash, base != "" && base != "." && base != ".."
}

// at calls do with the directory of a path that ends in a name.
func at(root *os.Root, dir string, do func(dirfd int) error) experimentalsys.Errno {
	parent, err := root.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return rootErrno(err)
	}
	defer parent.Close()
	return errno.Of(retry(func() error { return do(int(parent.Fd())) }))
}

// noName is for a path that ends in "." or "..": e, where there is such a directory.
func noName(root *os.Root, path string, e experimentalsys.Errno) experimentalsys.Errno {
	if _, err := root.Stat(path); err != nil {
		return rootErrno(err)
	}
	return e
}

func retry(do func() error) error {
	for {
		if err := do(); err != unix.EINTR {
			return err
		}
	}
}

func (f *FS) Lstat(path string) (sys.Stat_t, experimentalsys.Errno) {
	return f.stat(path, (*os.Root).Lstat)
}

func (f *FS) Stat(path string) (sys.Stat_t, experimentalsys.Errno) {
	return f.stat(path, (*os.Root).Stat)
}

func (f *FS) stat(path string, stat func(*os.Root, string) (fs.FileInfo, error)) (st sys.Stat_t, e experimentalsys.Errno) {
	e = f.in(path, func(root *os.Root, path string) experimentalsys.Errno {
		info, err := stat(root, path)
		if err == nil {
			st = sys.NewStat_t(info)
		}
		return rootErrno(err)
	})
	return st, e
}

func (f *FS) Mkdir(path string, perm fs.FileMode) experimentalsys.Errno {
	return f.making(path, func(root *os.Root, path string) experimentalsys.Errno {
		return rootErrno(root.Mkdir(path, perm.Perm()))
	})
}

func (f *FS) Chmod(path string, perm fs.FileMode) experimentalsys.Errno {
	return f.changing(path, func(root *os.Root, path string) experimentalsys.Errno { return rootErrno(root.Chmod(path, perm)) })
}

func (f *FS) Rmdir(path string) experimentalsys.Errno {
	return f.changing(path, func(root *os.Root, path string) experimentalsys.Errno {
		dir, base, _, ok := split(path)
		switch {
		case !ok && base == "..":
			return noName(root, path, experimentalsys.ENOTEMPTY)
		case !ok:
			return noName(root, path, experimentalsys.EINVAL)
		}
		return at(root, dir, func(dirfd int) error { return unix.Unlinkat(dirfd, base, unix.AT_REMOVEDIR) })
	})
}

func (f *FS) Unlink(path string) experimentalsys.Errno {
	return f.changing(path, func(root *os.Root, path string) experimentalsys.Errno {
		dir, base, slash, ok := split(path)
		if !ok {
			return noName(root, path, experimentalsys.EISDIR)
		}
		return at(root, dir, func(dirfd int) error {
			isDir, err := isDirectory(dirfd, base)
			switch {
			case err != nil:
				return err
			case isDir:
				return unix.EISDIR
			case slash:
				return unix.ENOTDIR
			}
			return unix.Unlinkat(dirfd, base, 0)
		})
	})
}

func isDirectory(dirfd int, base string) (bool, error) {
	var st unix.Stat_t
	err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	return st.Mode&unix.S_IFMT == unix.S_IFDIR, err
}

// Symlink takes any relative target: what leads outside is refused when it is followed.
func (f *FS) Symlink(target, link string) experimentalsys.Errno {
	return f.making(link, func(root *os.Root, link string) experimentalsys.Errno {
		switch {
		case !utf8.ValidString(target):
			return errno.IllegalSequence
		case path.IsAbs(target):
			return experimentalsys.EPERM
		}
		return rootErrno(root.Symlink(target, link))
	})
}

func (f *FS) Readlink(path string) (target string, e experimentalsys.Errno) {
	e = f.in(path, func(root *os.Root, path string) experimentalsys.Errno {
		var err error
		target, err = root.Readlink(path)
		return rootErrno(err)
	})
	return target, e
}

func (f *FS) Utimens(path string, atim, mtim int64) experimentalsys.Errno {
	return f.changing(path, func(root *os.Root, path string) experimentalsys.Errno {
		return rootErrno(root.Chtimes(path, timeOf(atim), timeOf(mtim)))
	})
}

// timeOf: os leaves the time alone that is the zero Time.
func timeOf(nanos int64) time.Time {
	if nanos == experimentalsys.UTIME_OMIT {
		return time.Time{}
	}
	return time.Unix(nanos/1e9, nanos%1e9)
}

// utimensNoFollow sets the times of a symbolic link itself.
func (f *FS) utimensNoFollow(path string, atim, mtim int64) experimentalsys.Errno {
	dir, base, slash, ok := split(path)
	if !ok || slash {
		return f.Utimens(path, atim, mtim)
	}
	return f.changing(dir, func(root *os.Root, dir string) experimentalsys.Errno {
		return at(root, dir, func(dirfd int) error { return setTimesAt(dirfd, base, atim, mtim) })
	})
}

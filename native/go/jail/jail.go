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

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/descriptors"
	"wazeronode/errno"
)

// FS is one mount of one guest.
type FS struct {
	dir      string
	readOnly bool
	limit    *OpenFiles

	mu     sync.Mutex
	root   *os.Root // nil until first used
	files  map[*file]struct{}
	closed bool
	slow   bool // see Apart
}

var _ experimentalsys.FS = (*FS)(nil)

// New mounts dir, which need not exist: it is opened when it is first used, and the guest gets the error. limit is shared by the
// mounts of a guest.
func New(dir string, readOnly bool, limit *OpenFiles) *FS {
	return &FS{dir: dir, readOnly: readOnly, limit: limit, files: map[*file]struct{}{}}
}

// Close closes the mount and each file of it that is still open: wazero leaves them when an instantiation fails. What a guest has
// parked in a pipe returns.
func (f *FS) Close() error {
	f.mu.Lock()
	f.closed = true
	files, root, slow := f.files, f.root, f.slow
	f.files, f.root = nil, nil
	f.mu.Unlock()
	for open := range files {
		if slow {
			background(&open.busy, func() { open.Close() })
		} else {
			open.Close()
		}
	}
	switch {
	case root == nil:
	case slow:
		background(nil, func() { root.Close(); descriptors.Give(1) })
	default:
		defer descriptors.Give(1)
		return root.Close()
	}
	return nil
}

// Interrupt wakes each read and write that is parked in a pipe or device now; it returns EINTR to the guest.
func (f *FS) Interrupt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for open := range f.files {
		if open.special {
			open.interrupt()
		}
	}
}

func (f *FS) open() (*os.Root, experimentalsys.Errno) {
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

// writable also opens the root.
func (f *FS) writable() (*os.Root, experimentalsys.Errno) {
	if f.readOnly {
		return nil, experimentalsys.EROFS
	}
	return f.open()
}

// clean makes a path of a guest relative, as wazero does: "" and "/" are the mount itself.
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

func (f *FS) stat(path string, stat func(*os.Root, string) (fs.FileInfo, error)) (sys.Stat_t, experimentalsys.Errno) {
	root, e := f.open()
	if e != 0 {
		return sys.Stat_t{}, e
	}
	info, err := stat(root, clean(path))
	if err != nil {
		return sys.Stat_t{}, rootErrno(err)
	}
	return sys.NewStat_t(info), 0
}

func (f *FS) Mkdir(path string, perm fs.FileMode) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	if e = rootErrno(root.Mkdir(clean(path), perm.Perm())); e == experimentalsys.ENOTDIR {
		e = experimentalsys.ENOENT // as wazero says it
	}
	return e
}

func (f *FS) Chmod(path string, perm fs.FileMode) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	return rootErrno(root.Chmod(clean(path), perm))
}

func (f *FS) Rmdir(path string) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	dir, base, _, ok := split(path)
	if !ok {
		return experimentalsys.EINVAL
	}
	return at(root, dir, func(dirfd int) error { return unix.Unlinkat(dirfd, base, unix.AT_REMOVEDIR) })
}

func (f *FS) Unlink(path string) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	dir, base, slash, ok := split(path)
	if !ok {
		return experimentalsys.EISDIR
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
}

func isDirectory(dirfd int, base string) (bool, error) {
	var st unix.Stat_t
	err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW)
	return st.Mode&unix.S_IFMT == unix.S_IFDIR, err
}

// Rename is not os.Root's, which does not put a directory in the place of an empty one.
func (f *FS) Rename(from, to string) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	if from == to {
		_, e = f.Lstat(from)
		return e
	}
	fromDir, fromBase, fromSlash, fromOK := split(from)
	toDir, toBase, toSlash, toOK := split(to)
	if !fromOK || !toOK {
		return errno.Busy
	}
	return at(root, fromDir, func(fromFD int) error {
		if fromSlash || toSlash {
			if isDir, err := isDirectory(fromFD, fromBase); err != nil {
				return err
			} else if !isDir {
				return unix.ENOTDIR
			}
		}
		e := at(root, toDir, func(toFD int) error { return unix.Renameat(fromFD, fromBase, toFD, toBase) })
		if e != 0 {
			return e
		}
		return nil
	})
}

func (f *FS) Link(oldPath, newPath string) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	return rootErrno(root.Link(clean(oldPath), clean(newPath)))
}

// Symlink takes any relative target: what leads outside is refused when it is followed.
func (f *FS) Symlink(target, link string) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	if path.IsAbs(target) {
		return experimentalsys.EPERM
	}
	return rootErrno(root.Symlink(target, clean(link)))
}

func (f *FS) Readlink(path string) (string, experimentalsys.Errno) {
	root, e := f.open()
	if e != 0 {
		return "", e
	}
	target, err := root.Readlink(clean(path))
	return target, rootErrno(err)
}

func (f *FS) Utimens(path string, atim, mtim int64) experimentalsys.Errno {
	root, e := f.writable()
	if e != 0 {
		return e
	}
	return rootErrno(root.Chtimes(clean(path), timeOf(atim), timeOf(mtim)))
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
	root, e := f.writable()
	if e != 0 {
		return e
	}
	return at(root, dir, func(dirfd int) error { return setTimesAt(dirfd, base, atim, mtim) })
}

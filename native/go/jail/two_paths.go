//go:build linux || darwin

package jail

import (
	"os"

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/errno"
)

func (f *FS) Rename(from, to string) experimentalsys.Errno { return f.RenameTo(from, f, to) }

func (f *FS) Link(oldPath, newPath string) experimentalsys.Errno {
	return f.LinkTo(oldPath, f, newPath)
}

// RenameTo renames to a path of another directory, or of another mount: from a name in one directory that is open to a name in another
// one, both found by the roots they are in. Two file systems of the host are EXDEV, as they are two to the host.
func (f *FS) RenameTo(from string, other experimentalsys.FS, to string) experimentalsys.Errno {
	target, e := f.other(other)
	if e != 0 {
		return e
	}
	return f.changing(from, func(fromRoot *os.Root, from string) experimentalsys.Errno {
		return target.making(to, func(toRoot *os.Root, to string) experimentalsys.Errno { return rename(fromRoot, from, toRoot, to) })
	})
}

// ReadOnly is whether nothing can be changed.
func (f *mount) ReadOnly() bool { return f.readOnly }

// other is the second file system of a call, if it is one of the host and can be written to, as this one must be, too: a link out of a
// mount that is read-only could be written through.
func (f *FS) other(fs experimentalsys.FS) (*FS, experimentalsys.Errno) {
	if a, ok := fs.(*Apart); ok {
		fs = a.FS
	}
	target, ok := fs.(*FS)
	switch r, known := fs.(interface{ ReadOnly() bool }); {
	case f.readOnly || known && r.ReadOnly():
		return nil, experimentalsys.EROFS
	case !ok:
		return nil, errno.OtherDevice
	}
	return target, 0
}

// rename is not os.Root's, which knows one root, and does not put a directory in the place of an empty one.
func rename(fromRoot *os.Root, from string, toRoot *os.Root, to string) experimentalsys.Errno {
	fromDir, fromBase, fromSlash, ok := split(from)
	if !ok {
		return noName(fromRoot, from, errno.Busy)
	}
	toDir, toBase, toSlash, ok := split(to)
	if !ok {
		return noName(toRoot, to, errno.Busy)
	}
	return at(fromRoot, fromDir, func(fromFD int) error {
		if fromSlash || toSlash {
			if isDir, err := isDirectory(fromFD, fromBase); err != nil {
				return err
			} else if !isDir {
				return unix.ENOTDIR
			}
		}
		return asError(at(toRoot, toDir, func(toFD int) error { return unix.Renameat(fromFD, fromBase, toFD, toBase) }))
	})
}

func asError(e experimentalsys.Errno) error {
	if e != 0 {
		return e
	}
	return nil
}

// LinkTo is for other directories what RenameTo is.
func (f *FS) LinkTo(oldPath string, other experimentalsys.FS, newPath string) experimentalsys.Errno {
	target, e := f.other(other)
	if e != 0 {
		return e
	}
	return f.changing(oldPath, func(oldRoot *os.Root, oldPath string) experimentalsys.Errno {
		return target.making(newPath, func(newRoot *os.Root, newPath string) experimentalsys.Errno {
			if oldRoot == newRoot {
				return rootErrno(oldRoot.Link(oldPath, newPath))
			}
			return link(oldRoot, oldPath, newRoot, newPath)
		})
	})
}

// link does not follow a link that is last.
func link(oldRoot *os.Root, oldPath string, newRoot *os.Root, newPath string) experimentalsys.Errno {
	oldDir, oldBase, oldSlash, ok := split(oldPath)
	if !ok || oldSlash { // a directory is meant, and none has two names
		if info, err := oldRoot.Stat(oldPath); err != nil {
			return rootErrno(err)
		} else if !info.IsDir() {
			return experimentalsys.ENOTDIR
		}
		return experimentalsys.EPERM
	}
	newDir, newBase, newSlash, ok := split(newPath)
	if !ok || newSlash {
		if _, err := newRoot.Stat(newPath); err != nil {
			return rootErrno(err)
		}
		return experimentalsys.EEXIST
	}
	return at(oldRoot, oldDir, func(oldFD int) error {
		return asError(at(newRoot, newDir, func(newFD int) error { return unix.Linkat(oldFD, oldBase, newFD, newBase, 0) }))
	})
}

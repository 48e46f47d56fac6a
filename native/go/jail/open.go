//go:build linux || darwin

package jail

import (
	"io/fs"
	"os"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/descriptors"
	"wazeronode/errno"
)

func (f *FS) OpenFile(path string, flag experimentalsys.Oflag, perm fs.FileMode) (experimentalsys.File, experimentalsys.Errno) {
	// WASI's path_open always gives a mode. Two other functions of wazero come here without one.
	switch {
	case perm == 0 && flag == experimentalsys.O_RDONLY && clean(path) == ".":
		// The mount itself as a preopened directory: wazero panics on any error but ENOENT, and with that one every path is EBADF.
		return &dirFile{fs: f}, 0
	case perm == 0 && flag == experimentalsys.O_WRONLY:
		// path_filestat_set_times without following: opening would follow, and needs a file that can be written.
		return &timesOf{fs: f, path: path}, 0
	}
	if f.readOnly {
		if e := f.refuseWriting(path, flag); e != 0 {
			return nil, e
		}
		flag &^= experimentalsys.O_CREAT
	}
	if flag&experimentalsys.O_CREAT != 0 && !utf8.ValidString(path) { // see making
		if _, e := f.Lstat(path); e == 0 && flag&experimentalsys.O_EXCL != 0 {
			return nil, experimentalsys.EEXIST
		}
		flag &^= experimentalsys.O_CREAT
	}
	if !f.limit.Take() {
		return nil, errno.TooManyFiles
	}
	opened, e := f.openFile(path, flag, perm)
	if e != 0 {
		f.limit.Release()
		return nil, e
	}
	return opened, 0
}

func writes(flag experimentalsys.Oflag) bool {
	return flag&(experimentalsys.O_RDWR|experimentalsys.O_WRONLY|experimentalsys.O_TRUNC) != 0
}

// refuseWriting says what a file system that is mounted read-only says.
func (f *FS) refuseWriting(path string, flag experimentalsys.Oflag) experimentalsys.Errno {
	if flag&experimentalsys.O_CREAT != 0 {
		switch _, e := f.Lstat(path); {
		case e == experimentalsys.ENOENT:
			return experimentalsys.EROFS
		case e == 0 && flag&experimentalsys.O_EXCL != 0:
			return experimentalsys.EEXIST
		}
	}
	if !writes(flag) {
		return 0
	}
	if st, e := f.Stat(path); e != 0 {
		return e
	} else if st.Mode.IsDir() {
		return experimentalsys.EISDIR
	}
	return experimentalsys.EROFS
}

// openFile gives a file or a directory, which are counted.
func (f *FS) openFile(path string, flag experimentalsys.Oflag, perm fs.FileMode) (opened experimentalsys.File, e experimentalsys.Errno) {
	e = counted(func() experimentalsys.Errno {
		return f.in(path, func(root *os.Root, path string) experimentalsys.Errno {
			osFile, e := openIn(root, path, flag, perm)
			if e != 0 {
				return e
			}
			if info, err := osFile.Stat(); err == nil && info.IsDir() {
				osFile.Close()
				opened, e = f.openDir(root, path)
				return e
			}
			file, e := f.add(osFile, flag)
			if e == 0 {
				file.counted = true
				opened = file
			}
			return e
		})
	})
	return opened, e
}

// counted opens something that closing takes off the count of the process's descriptors.
func counted(open func() experimentalsys.Errno) experimentalsys.Errno {
	if !descriptors.Take() {
		return errno.TooManyFiles
	}
	e := open()
	if e != 0 {
		descriptors.Give(1)
	}
	return e
}

// openItself is for reading the directory.
func (f *FS) openItself() (opened *file, e experimentalsys.Errno) {
	root := f.own
	if root == nil {
		if root, e = f.open(); e != 0 {
			return nil, e
		}
	}
	e = counted(func() (e experimentalsys.Errno) {
		osFile, err := root.OpenFile(".", os.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return rootErrno(err)
		}
		opened, e = f.add(osFile, experimentalsys.O_DIRECTORY)
		return e
	})
	return opened, e
}

func (f *FS) add(osFile *os.File, flag experimentalsys.Oflag) (*file, experimentalsys.Errno) {
	opened, e := newFile(f, osFile, flag)
	if e != 0 {
		return nil, e
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		opened.file.Close()
		return nil, experimentalsys.EBADF
	}
	f.files[opened] = struct{}{}
	return opened, 0
}

func openIn(root *os.Root, path string, flag experimentalsys.Oflag, perm fs.FileMode) (osFile *os.File, e experimentalsys.Errno) {
	system := systemFlag(flag)
	dir, base, slash, ok := split(path)
	switch {
	case flag&experimentalsys.O_CREAT != 0 && !ok:
		return nil, noName(root, path, experimentalsys.EISDIR)
	case flag&experimentalsys.O_CREAT != 0 && slash:
		return nil, at(root, dir, func(int) error { return unix.EISDIR })
	case flag&experimentalsys.O_NOFOLLOW != 0 && ok && !slash:
		e = at(root, dir, func(dirfd int) error {
			fd, err := unix.Openat(dirfd, base, system|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(perm.Perm()))
			if err == nil {
				osFile = os.NewFile(uintptr(fd), base)
			}
			return err
		})
		return osFile, e
	}
	osFile, err := root.OpenFile(path, system, perm.Perm())
	return osFile, rootErrno(err)
}

// systemFlag: opening never waits, as it would for the other end of a pipe, and takes no terminal. O_APPEND is set afterwards.
func systemFlag(flag experimentalsys.Oflag) int {
	system := os.O_RDONLY
	switch {
	case flag&experimentalsys.O_RDWR != 0:
		system = os.O_RDWR
	case flag&experimentalsys.O_WRONLY != 0:
		system = os.O_WRONLY
	}
	for _, f := range []struct {
		flag   experimentalsys.Oflag
		system int
	}{
		{experimentalsys.O_CREAT, os.O_CREATE}, {experimentalsys.O_EXCL, os.O_EXCL}, {experimentalsys.O_TRUNC, os.O_TRUNC},
		{experimentalsys.O_DIRECTORY, unix.O_DIRECTORY}, {experimentalsys.O_DSYNC, unix.O_DSYNC}, {experimentalsys.O_SYNC, os.O_SYNC},
		{experimentalsys.O_RSYNC, unix.O_SYNC},
	} {
		if flag&f.flag != 0 {
			system |= f.system
		}
	}
	return system | unix.O_NONBLOCK | unix.O_NOCTTY
}

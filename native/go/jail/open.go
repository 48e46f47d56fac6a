//go:build linux || darwin

package jail

import (
	"io/fs"
	"os"

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
		return &mountDir{fs: f}, 0
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
	if !f.limit.Take() {
		return nil, errno.TooManyFiles
	}
	opened, e := f.openFile(path, flag, perm)
	if e != 0 {
		f.limit.Release()
		return nil, e
	}
	opened.counted = true
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

func (f *FS) openFile(path string, flag experimentalsys.Oflag, perm fs.FileMode) (*file, experimentalsys.Errno) {
	root, e := f.open()
	if e != 0 {
		return nil, e
	}
	if !descriptors.Take() {
		return nil, errno.TooManyFiles
	}
	opened, e := f.openIn(root, clean(path), flag, perm)
	if e != 0 {
		descriptors.Give(1)
		return nil, e
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		opened.file.Close()
		descriptors.Give(1)
		return nil, experimentalsys.EBADF
	}
	f.files[opened] = struct{}{}
	return opened, 0
}

func (f *FS) openIn(root *os.Root, path string, flag experimentalsys.Oflag, perm fs.FileMode) (*file, experimentalsys.Errno) {
	system := systemFlag(flag)
	var osFile *os.File
	dir, base, slash, ok := split(path)
	if flag&experimentalsys.O_NOFOLLOW != 0 && ok && !slash {
		e := at(root, dir, func(dirfd int) error {
			fd, err := unix.Openat(dirfd, base, system|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(perm.Perm()))
			if err == nil {
				osFile = os.NewFile(uintptr(fd), base)
			}
			return err
		})
		if e != 0 {
			return nil, e
		}
	} else {
		opened, err := root.OpenFile(path, system, perm.Perm())
		if err != nil {
			return nil, rootErrno(err)
		}
		osFile = opened
	}
	return newFile(f, osFile, flag)
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

//go:build linux || darwin

package jail

import (
	"os"
	"path"
	"sync/atomic"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/descriptors"
)

// dirFile is an open directory: what is done in it is done there, whatever its path has become. It is also the mount as wazero's preopened
// directory, which is one even while there is none on the host, so that the guest finds its other mounts, and gets the host's own error
// when it uses this one.
type dirFile struct {
	experimentalsys.UnimplementedFile
	fs     *FS
	file   *file // nil until it is read
	closed atomic.Bool
}

const longestName = 4096 // as long as a path of a guest may be

// openDir opens the directory that name is now in a root. It is counted already.
func (f *FS) openDir(root *os.Root, name string) (*dirFile, experimentalsys.Errno) {
	own, err := root.OpenRoot(name)
	if err != nil {
		return nil, rootErrno(err)
	}
	if f.own != nil && root == f.own {
		name = f.name + "/" + name
	}
	if name = path.Clean(name); len(name) > longestName { // who opens directories in directories for ever
		name = ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		own.Close()
		return nil, experimentalsys.EBADF
	}
	d := &dirFile{fs: &FS{mount: f.mount, own: own, name: name}}
	f.dirs[d] = struct{}{}
	return d, 0
}

// At is the directory as a file system of its own. wazero does not ask the mount.
func (d *dirFile) At() (experimentalsys.FS, string, experimentalsys.Errno) { return d.fs, "", 0 }

func (d *dirFile) open() (*file, experimentalsys.Errno) {
	switch {
	case d.closed.Load():
		return nil, experimentalsys.EBADF
	case d.file == nil:
		opened, e := d.fs.openItself()
		if e != 0 {
			return nil, e
		}
		d.file = opened
	}
	return d.file, 0
}

func (d *dirFile) IsDir() (bool, experimentalsys.Errno)              { return true, 0 }
func (d *dirFile) SetAppend(bool) experimentalsys.Errno              { return experimentalsys.EISDIR }
func (d *dirFile) Read([]byte) (int, experimentalsys.Errno)          { return 0, directoryIO }
func (d *dirFile) Pread([]byte, int64) (int, experimentalsys.Errno)  { return 0, directoryIO }
func (d *dirFile) Write([]byte) (int, experimentalsys.Errno)         { return 0, directoryIO }
func (d *dirFile) Pwrite([]byte, int64) (int, experimentalsys.Errno) { return 0, directoryIO }
func (d *dirFile) Truncate(int64) experimentalsys.Errno              { return directoryIO }
func (d *dirFile) Datasync() experimentalsys.Errno                   { return d.Sync() }
func (d *dirFile) Utimens(atim, mtim int64) experimentalsys.Errno {
	return d.fs.Utimens(".", atim, mtim)
}

// A directory never blocks.
func (d *dirFile) IsNonblock() bool                                                { return false }
func (d *dirFile) SetNonblock(bool) experimentalsys.Errno                          { return 0 }
func (d *dirFile) Poll(experimentalsys.Pflag, int32) (bool, experimentalsys.Errno) { return true, 0 }

func (d *dirFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	if d.closed.Load() {
		return sys.Stat_t{}, experimentalsys.EBADF
	}
	return d.fs.Stat(".")
}

func (d *dirFile) Dev() (uint64, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Dev, e
}

func (d *dirFile) Ino() (sys.Inode, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Ino, e
}

func (d *dirFile) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	f, e := d.open()
	if e != 0 {
		return 0, e
	}
	return f.Seek(offset, whence)
}

func (d *dirFile) SeekEntry(n uint64) experimentalsys.Errno {
	f, e := d.open()
	if e != 0 {
		return e
	}
	return f.SeekEntry(n)
}

func (d *dirFile) Readdir(n int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	f, e := d.open()
	if e != 0 {
		return nil, e
	}
	return f.Readdir(n)
}

func (d *dirFile) Sync() experimentalsys.Errno {
	f, e := d.open()
	if e != 0 {
		return e
	}
	return f.Sync()
}

func (d *dirFile) Close() (e experimentalsys.Errno) {
	if d.file != nil {
		e = d.file.Close()
	}
	if d.fs.own != nil {
		d.fs.mu.Lock()
		delete(d.fs.dirs, d)
		d.fs.mu.Unlock()
	}
	d.end()
	return e
}

// end may come from another goroutine, as FS.Close does, which closes the file itself.
func (d *dirFile) end() {
	if !d.closed.Swap(true) && d.fs.own != nil {
		d.fs.own.Close()
		descriptors.Give(1)
		d.fs.limit.Release()
	}
}

// timesOf is a path whose times are to be set, whatever it is; nothing is opened.
type timesOf struct {
	experimentalsys.UnimplementedFile
	fs   *FS
	path string
}

func (t *timesOf) Utimens(atim, mtim int64) experimentalsys.Errno {
	return t.fs.utimensNoFollow(t.path, atim, mtim)
}

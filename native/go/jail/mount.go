//go:build linux || darwin

package jail

import (
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// mountDir is the mount as wazero's preopened directory: a directory even while there is none on the host, so that the guest finds its
// other mounts, and gets the host's own error when it uses this one.
type mountDir struct {
	experimentalsys.UnimplementedFile
	fs   *FS
	file *file // nil until it is read
}

func (d *mountDir) open() (*file, experimentalsys.Errno) {
	if d.file == nil {
		opened, e := d.fs.openFile(".", experimentalsys.O_RDONLY|experimentalsys.O_DIRECTORY, 0)
		if e != 0 {
			return nil, e
		}
		d.file = opened
	}
	return d.file, 0
}

func (d *mountDir) IsDir() (bool, experimentalsys.Errno)      { return true, 0 }
func (d *mountDir) SetAppend(bool) experimentalsys.Errno      { return experimentalsys.EISDIR }
func (d *mountDir) Stat() (sys.Stat_t, experimentalsys.Errno) { return d.fs.Stat(".") }

func (d *mountDir) Dev() (uint64, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Dev, e
}

func (d *mountDir) Ino() (sys.Inode, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Ino, e
}

func (d *mountDir) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	f, e := d.open()
	if e != 0 {
		return 0, e
	}
	return f.Seek(offset, whence)
}

func (d *mountDir) Readdir(n int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	f, e := d.open()
	if e != 0 {
		return nil, e
	}
	return f.Readdir(n)
}

func (d *mountDir) Sync() experimentalsys.Errno {
	f, e := d.open()
	if e != 0 {
		return e
	}
	return f.Sync()
}

func (d *mountDir) Datasync() experimentalsys.Errno { return d.Sync() }

func (d *mountDir) Utimens(atim, mtim int64) experimentalsys.Errno {
	return d.fs.Utimens(".", atim, mtim)
}

func (d *mountDir) Close() experimentalsys.Errno {
	if d.file == nil {
		return 0
	}
	return d.file.Close()
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

package main

import (
	"encoding/binary"
	"io"
	"io/fs"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// jsDir is an open directory. node:fs reads directories by path, so it is one.
type jsDir struct {
	experimentalsys.UnimplementedFile
	fs      *jsFS
	path    string
	counted bool // in fs.limit
	closed  bool

	// The cursor: what was read and not yet given, and where the rest is.
	entries []experimentalsys.Dirent
	begun   bool
	rest    uint64 // handle of the listing, 0: there is no more
}

const listingBytes = 16 << 10

func (d *jsDir) IsDir() (bool, experimentalsys.Errno)      { return true, 0 }
func (d *jsDir) SetAppend(bool) experimentalsys.Errno      { return experimentalsys.EISDIR }
func (d *jsDir) Stat() (sys.Stat_t, experimentalsys.Errno) { return d.fs.stat(fsStat, d.path, false) }

func (d *jsDir) Dev() (uint64, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Dev, e
}

func (d *jsDir) Ino() (sys.Inode, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Ino, e
}

// Reading and writing one gives EBADF, as WASI has it: such a descriptor lacks the rights.
func (d *jsDir) Read([]byte) (int, experimentalsys.Errno)          { return 0, experimentalsys.EBADF }
func (d *jsDir) Pread([]byte, int64) (int, experimentalsys.Errno)  { return 0, experimentalsys.EBADF }
func (d *jsDir) Write([]byte) (int, experimentalsys.Errno)         { return 0, experimentalsys.EBADF }
func (d *jsDir) Pwrite([]byte, int64) (int, experimentalsys.Errno) { return 0, experimentalsys.EBADF }
func (d *jsDir) Truncate(int64) experimentalsys.Errno              { return experimentalsys.EBADF }

// Sync has nothing to do: a directory is not held open.
func (d *jsDir) Sync() experimentalsys.Errno     { return 0 }
func (d *jsDir) Datasync() experimentalsys.Errno { return 0 }

func (d *jsDir) Utimens(atim, mtim int64) experimentalsys.Errno {
	return d.fs.Utimens(d.path, atim, mtim)
}

func (d *jsDir) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	if offset != 0 || whence != io.SeekStart {
		return 0, experimentalsys.EISDIR
	}
	return 0, d.rewind()
}

func (d *jsDir) rewind() experimentalsys.Errno {
	rest := d.rest
	d.entries, d.begun, d.rest = nil, false, 0
	if rest == 0 {
		return 0
	}
	return d.fs.closeHandle(rest)
}

// Readdir gives up to n entries, or all that are left if n <= 0; fewer than n means that there are no more.
func (d *jsDir) Readdir(n int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	for (n <= 0 || len(d.entries) < n) && (!d.begun || d.rest != 0) {
		if e := d.readMore(); e != 0 {
			return nil, e
		}
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	given := d.entries[:n:n]
	d.entries = d.entries[n:]
	return given, 0
}

func (d *jsDir) readMore() experimentalsys.Errno {
	op, data, which := uint64(fsNext), []byte(nil), d.rest
	if !d.begun {
		op, data, which = fsList, []byte(d.path), uint64(len(d.path))
	}
	room := make([]byte, listingBytes)
	a, size, e := d.fs.ask(op, data, room, which)
	if e != 0 {
		return e
	}
	d.begun, d.rest = true, a[2]
	for bytes := room[:size]; len(bytes) >= 11; {
		kind, ino, length := bytes[0], binary.LittleEndian.Uint64(bytes[1:]), int(binary.LittleEndian.Uint16(bytes[9:]))
		bytes = bytes[11:]
		if length > len(bytes) {
			break // cannot be
		}
		d.entries = append(d.entries, experimentalsys.Dirent{Name: string(bytes[:length]), Ino: ino, Type: entryType(kind)})
		bytes = bytes[length:]
	}
	return 0
}

func entryType(kind byte) fs.FileMode {
	switch kind {
	case 0:
		return 0
	case 1:
		return fs.ModeDir
	case 2:
		return fs.ModeSymlink
	}
	return fs.ModeIrregular
}

func (d *jsDir) Close() experimentalsys.Errno {
	if d.closed {
		return 0
	}
	d.closed = true
	if d.counted {
		d.fs.limit.Release()
	}
	return d.rewind()
}

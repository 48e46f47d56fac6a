package jsfs

import (
	"encoding/binary"
	"io"
	"io/fs"
	"math"
	"strings"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
)

// dir is an open directory. node:fs reads directories by path, so it is one, which follows what the guest does with it.
type dir struct {
	experimentalsys.UnimplementedFile
	fs      *FS
	path    string // "" when the guest has removed it
	counted bool   // in fs.limit
	closed  bool

	// The cursor. JavaScript keeps the listing, for as long as the directory is open, unless all of it is here.
	begun bool
	piece []experimentalsys.Dirent // what came last
	from  int                      // the number of its first
	more  bool                     // there is something behind it
	next  int                      // the number of the next to be given
	rest  uint64                   // handle of the listing, 0: piece is all of it
}

// Dirs are the directories that a guest has open in one file system: a path would be another directory once that has its name.
type Dirs map[*dir]struct{}

func (ds *Dirs) add(d *dir) *dir {
	if *ds == nil {
		*ds = Dirs{}
	}
	(*ds)[d] = struct{}{}
	return d
}

func (ds *Dirs) remove(path string) {
	for d := range *ds {
		if d.path == path {
			d.path = ""
		}
	}
}

func (ds *Dirs) rename(from, to string) {
	if from == to {
		return
	}
	ds.remove(to) // an empty one was in the place
	for d := range *ds {
		if rest, ok := strings.CutPrefix(d.path, from); ok && (rest == "" || rest[0] == '/') {
			d.path = to + rest
		}
	}
}

// At is the path, or nowhere.
func (d *dir) At() (experimentalsys.FS, string, experimentalsys.Errno) {
	if d.path == "" {
		return nil, "", experimentalsys.ENOENT
	}
	return d.fs, d.path, 0
}

const listingBytes = 16 << 10

func (d *dir) IsDir() (bool, experimentalsys.Errno) { return true, 0 }
func (d *dir) SetAppend(bool) experimentalsys.Errno { return experimentalsys.EISDIR }

func (d *dir) Stat() (sys.Stat_t, experimentalsys.Errno) {
	if d.path == "" {
		return sys.Stat_t{}, experimentalsys.ENOENT
	}
	return d.fs.stat(abi.FSStat, d.path, false)
}

func (d *dir) Dev() (uint64, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Dev, e
}

func (d *dir) Ino() (sys.Inode, experimentalsys.Errno) {
	st, e := d.Stat()
	return st.Ino, e
}

// Reading and writing one gives EBADF, as WASI has it: such a descriptor lacks the rights.
func (d *dir) Read([]byte) (int, experimentalsys.Errno)          { return 0, experimentalsys.EBADF }
func (d *dir) Pread([]byte, int64) (int, experimentalsys.Errno)  { return 0, experimentalsys.EBADF }
func (d *dir) Write([]byte) (int, experimentalsys.Errno)         { return 0, experimentalsys.EBADF }
func (d *dir) Pwrite([]byte, int64) (int, experimentalsys.Errno) { return 0, experimentalsys.EBADF }
func (d *dir) Truncate(int64) experimentalsys.Errno              { return experimentalsys.EBADF }

// Sync has nothing to do: a directory is not held open.
func (d *dir) Sync() experimentalsys.Errno     { return 0 }
func (d *dir) Datasync() experimentalsys.Errno { return 0 }

func (d *dir) Utimens(atim, mtim int64) experimentalsys.Errno {
	if d.path == "" {
		return experimentalsys.ENOENT
	}
	return d.fs.Utimens(d.path, atim, mtim)
}

func (d *dir) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	if offset != 0 || whence != io.SeekStart {
		return 0, experimentalsys.EISDIR
	}
	return 0, d.rewind()
}

func (d *dir) rewind() experimentalsys.Errno {
	rest := d.rest
	d.begun, d.piece, d.from, d.more, d.next, d.rest = false, nil, 0, false, 0, 0
	if rest == 0 {
		return 0
	}
	return d.fs.closeHandle(rest)
}

// SeekEntry has Readdir go on with the nth entry of the listing.
func (d *dir) SeekEntry(n uint64) experimentalsys.Errno {
	d.next = int(min(n, math.MaxInt32))
	return 0
}

// Readdir gives up to n entries, or all that are left if n <= 0; fewer than n means that there are no more.
func (d *dir) Readdir(n int) (given []experimentalsys.Dirent, e experimentalsys.Errno) {
	for n <= 0 || len(given) < n {
		at := d.next - d.from
		if at < 0 || at >= len(d.piece) {
			if d.begun && at >= 0 && !d.more {
				break
			}
			if e := d.readMore(); e != 0 {
				return nil, e
			}
			continue
		}
		part := d.piece[at:]
		if n > 0 {
			part = part[:min(len(part), n-len(given))]
		}
		given = append(given, part...)
		d.next += len(part)
	}
	return given, 0
}

// readMore gets a piece: the first, or that which begins with the next entry.
func (d *dir) readMore() experimentalsys.Errno {
	if d.path == "" {
		return experimentalsys.ENOENT
	}
	op, data, params := uint64(abi.FSNext), []byte(nil), []uint64{d.rest, uint64(d.next)}
	from := d.next
	if !d.begun {
		op, data, params, from = abi.FSList, []byte(d.path), []uint64{uint64(len(d.path))}, 0
	}
	room := make([]byte, listingBytes)
	a, size, e := d.fs.ask(op, data, room, params...)
	if e != 0 {
		return e
	}
	if op == abi.FSList {
		d.begun, d.rest = true, a[2]
	}
	d.piece, d.from, d.more = nil, from, a[3] != 0 && size > 0
	for bytes := room[:size]; len(bytes) >= 11; {
		kind, ino, length := bytes[0], binary.LittleEndian.Uint64(bytes[1:]), int(binary.LittleEndian.Uint16(bytes[9:]))
		bytes = bytes[11:]
		if length > len(bytes) {
			break // cannot be
		}
		d.piece = append(d.piece, experimentalsys.Dirent{Name: string(bytes[:length]), Ino: ino, Type: entryType(kind)})
		bytes = bytes[length:]
	}
	return 0
}

const modeSymlink = fs.ModeSymlink

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

func (d *dir) Close() experimentalsys.Errno {
	if d.closed {
		return 0
	}
	d.closed = true
	delete(*d.fs.dirs, d)
	if d.counted {
		d.fs.limit.Release()
	}
	return d.rewind()
}

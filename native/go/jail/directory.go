//go:build linux || darwin

package jail

import (
	"bytes"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// directory is the cursor of an open directory.
type directory struct {
	block []byte // as the system gave it
	rest  []byte // of block
}

const blockBytes = 8192

// read gives up to n entries, or all that are left if n <= 0; fewer than n means that there are no more.
func (d *directory) read(fd, n int) (entries []experimentalsys.Dirent, err error) {
	for n <= 0 || len(entries) < n {
		if len(d.rest) == 0 {
			if d.block == nil {
				d.block = make([]byte, blockBytes)
			}
			size, err := unix.ReadDirent(fd, d.block)
			if err == unix.EINTR {
				continue
			}
			if err != nil || size <= 0 {
				return entries, err
			}
			d.rest = d.block[:size]
		}
		if entry, ok := d.next(fd); ok {
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// next takes an entry off the block; "." and ".." are not ok, because wazero adds them.
func (d *directory) next(fd int) (experimentalsys.Dirent, bool) {
	// The fields are copied out: an entry at the end of the block is shorter than the type.
	var head unix.Dirent
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&head)), unsafe.Sizeof(head)), d.rest)
	size := min(int(head.Reclen), len(d.rest))
	name, _, _ := bytes.Cut(d.rest[unsafe.Offsetof(head.Name):max(size, int(unsafe.Offsetof(head.Name)))], []byte{0})
	d.rest = d.rest[size:]
	if s := string(name); head.Ino != 0 && s != "." && s != ".." {
		return experimentalsys.Dirent{Ino: sys.Inode(head.Ino), Name: s, Type: modeOf(fd, head.Type, s)}, true
	}
	return experimentalsys.Dirent{}, false
}

// modeOf is the type of an entry; some file systems leave it to a stat.
func modeOf(fd int, kind uint8, name string) fs.FileMode {
	if kind == unix.DT_UNKNOWN {
		var st unix.Stat_t
		if unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
			return fs.ModeIrregular
		}
		kind = uint8(st.Mode & unix.S_IFMT >> 12) // DT_... is defined so
	}
	switch kind {
	case unix.DT_REG:
		return 0
	case unix.DT_DIR:
		return fs.ModeDir
	case unix.DT_LNK:
		return fs.ModeSymlink
	case unix.DT_FIFO:
		return fs.ModeNamedPipe
	case unix.DT_SOCK:
		return fs.ModeSocket
	case unix.DT_CHR:
		return fs.ModeDevice | fs.ModeCharDevice
	case unix.DT_BLK:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}

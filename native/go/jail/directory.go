//go:build linux || darwin

package jail

import (
	"bytes"
	"io"
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
	next  int    // the number of the entry that rest begins with; "." and ".." have none, because wazero adds them
	at    int64  // where the system has it
	marks marks
}

const blockBytes = 8192

// read gives up to n entries, or all that are left if n <= 0; fewer than n means that there are no more.
func (d *directory) read(fd, n int) (entries []experimentalsys.Dirent, err error) {
	for n <= 0 || len(entries) < n {
		more, err := d.fill(fd)
		if !more || err != nil {
			return entries, err
		}
		if head, name, ok := d.take(); ok {
			entries = append(entries, experimentalsys.Dirent{Ino: sys.Inode(head.Ino), Name: string(name), Type: modeOf(fd, head.Type, string(name))})
		}
	}
	return entries, nil
}

// fill is false at the end.
func (d *directory) fill(fd int) (more bool, err error) {
	if len(d.rest) > 0 {
		return true, nil
	}
	if d.block == nil {
		d.block = make([]byte, blockBytes)
	}
	size := 0
	err = retry(func() (err error) { size, err = unix.ReadDirent(fd, d.block); return err })
	if err != nil || size <= 0 {
		return false, err
	}
	d.rest = d.block[:size]
	return true, nil
}

// take takes an entry off the block.
func (d *directory) take() (head unix.Dirent, name []byte, ok bool) {
	// The fields are copied out: an entry at the end of the block is shorter than the type.
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&head)), unsafe.Sizeof(head)), d.rest)
	size := min(int(head.Reclen), len(d.rest))
	name, _, _ = bytes.Cut(d.rest[unsafe.Offsetof(head.Name):max(size, int(unsafe.Offsetof(head.Name)))], []byte{0})
	d.rest = d.rest[size:]
	here := d.at
	d.at = positionAfter(&head, here)
	if s := string(name); head.Ino == 0 || s == "." || s == ".." {
		return head, nil, false
	}
	d.marks.set(d.next, here)
	d.next++
	return head, name, true
}

// rewind begins anew, with what there is now.
func (d *directory) rewind(fd int) error {
	d.marks = marks{}
	return d.goTo(fd, 0, 0)
}

// seek goes to the nth entry, or to the end if there are fewer now.
func (d *directory) seek(fd int, n uint64) error {
	next, at := d.marks.find(n)
	if err := d.goTo(fd, next, at); err != nil {
		return err
	}
	for uint64(d.next) < n {
		if more, err := d.fill(fd); !more || err != nil {
			return err
		}
		d.take()
	}
	return nil
}

func (d *directory) goTo(fd, next int, at int64) error {
	d.rest, d.next, d.at = nil, next, at
	_, err := unix.Seek(fd, at, io.SeekStart)
	return err
}

// marks are where entries are, so that a directory can be read again from one of them on, also when others have been removed since. A
// guest counts entries (its telldir has 32 bits), a file system has positions of 64. There is one for each of the first mostMarks entries;
// in larger directories for every second one, fourth one, ...: those between are counted from there. A mark stays as it was first set: where
// entries have been removed, who goes back and counts anew gets some twice that way rather than none of them.
type marks struct {
	at   []int64
	step int
}

const mostMarks = 8192

func (m *marks) set(n int, at int64) {
	m.step = max(m.step, 1)
	switch i := n / m.step; {
	case n%m.step != 0:
	case i < len(m.at):
	case len(m.at) < mostMarks:
		m.at = append(m.at, at) // i is len(m.at): nothing is passed over
	default:
		for k := range mostMarks / 2 {
			m.at[k] = m.at[2*k]
		}
		m.at, m.step = m.at[:mostMarks/2], 2*m.step
		m.set(n, at)
	}
}

// find is the last mark at or before the nth entry.
func (m *marks) find(n uint64) (entry int, at int64) {
	if len(m.at) == 0 {
		return 0, 0
	}
	i := int(min(n/uint64(m.step), uint64(len(m.at)-1)))
	return i * m.step, m.at[i]
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

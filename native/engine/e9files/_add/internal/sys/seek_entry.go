package sys

import (
	"github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

const countDotEntries = 2 // "." and ".."

// seek has Read go on from pos, which is before what is cached or, after going back, behind it.
func (d *DirentCache) seek(pos uint64) sys.Errno {
	seeker, ok := d.f.(nodehost.EntrySeeker)
	if !ok {
		return sys.ENOENT
	}
	if errno := seeker.SeekEntry(max(pos, countDotEntries) - countDotEntries); errno != 0 {
		return errno
	}
	d.dirents = exhaustedDirents[:] // not nil, which is for the beginning
	if pos < countDotEntries {
		d.dirents = d.dotEntries[pos:]
	}
	d.countRead, d.eof = max(pos, countDotEntries), false
	return 0
}

// SeekEntry is what a preopened directory has of the one behind it.
func (d *lazyDir) SeekEntry(n uint64) sys.Errno {
	f, ok := d.file()
	if !ok {
		return sys.EBADF
	}
	if seeker, ok := f.(nodehost.EntrySeeker); ok {
		return seeker.SeekEntry(n)
	}
	return sys.ENOENT
}

package nodehost

import "github.com/tetratelabs/wazero/experimental/sys"

// FileSystem takes paths as the guest wrote them, relative and with their "..", "." and slashes: where ".." leads is known only once the
// links before it have been read. It refuses what leads out of it.
type FileSystem interface {
	sys.FS

	// RenameTo and LinkTo are Rename and Link to a path of another file system, which may be of another kind.
	RenameTo(from string, to sys.FS, toPath string) sys.Errno
	LinkTo(from string, to sys.FS, toPath string) sys.Errno
}

// Directory is an open directory that is more than its path.
type Directory interface {
	// At is the file system that paths which begin at this directory are paths of, behind the prefix; "" where it is this directory's own.
	At() (fs sys.FS, prefix string, errno sys.Errno)
}

// EntrySeeker is an open directory that can be read again from one of its entries on: the nth that Readdir gave.
type EntrySeeker interface {
	SeekEntry(n uint64) sys.Errno
}

// Allocator is an open file that says what allocating in it needs: an errno, or 0 where it may grow.
type Allocator interface {
	MayAllocate() sys.Errno
}

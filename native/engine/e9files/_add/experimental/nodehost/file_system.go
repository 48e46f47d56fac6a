package nodehost

import "github.com/tetratelabs/wazero/internal/nodehost"

type (
	// FileSystem takes paths as the guest wrote them, and renames and links to other file systems.
	FileSystem = nodehost.FileSystem
	// Directory is an open directory that is more than its path.
	Directory = nodehost.Directory
	// EntrySeeker is an open directory that can be read again from one of its entries on.
	EntrySeeker = nodehost.EntrySeeker
	// Allocator is an open file that says whether it may grow.
	Allocator = nodehost.Allocator
)

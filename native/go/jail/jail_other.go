//go:build !linux && !darwin

// Package jail is a file system for guests that ends at a host directory. There is none on this system yet: each operation of a guest
// is refused, rather than done by one that lets it out.
package jail

import (
	"io/fs"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// FS is one mount of one guest.
type FS struct {
	experimentalsys.UnimplementedFS
}

// OpenFile gives a directory for the preopen, because wazero panics otherwise, and ENOSYS for the rest.
func (*FS) OpenFile(path string, flag experimentalsys.Oflag, perm fs.FileMode) (experimentalsys.File, experimentalsys.Errno) {
	if path == "." && perm == 0 {
		return mountDir{}, 0
	}
	return nil, experimentalsys.ENOSYS
}

type mountDir struct {
	experimentalsys.UnimplementedFile
}

func (mountDir) IsDir() (bool, experimentalsys.Errno) { return true, 0 }

// New mounts nothing.
func New(string, bool, *OpenFiles) *FS { return &FS{} }

// Close has nothing to close.
func (*FS) Close() error { return nil }

// Interrupt has nothing to wake.
func (*FS) Interrupt() {}

// Apart is the same: there is nothing to wait for.
func (f *FS) Apart(func(until func(stop <-chan struct{}))) *FS { return f }

//go:build linux || darwin

package images

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// open does not wait for a writer of a pipe.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// ours: written by this user, or by one who can do everything anyway.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Uid == 0 || int(stat.Uid) == os.Geteuid()
}

func nobodyElseWrites(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 == 0 }

// isHole asks the system, which knows it without reading.
func isHole(file *os.File, at, length int64) bool {
	const seekData = 3
	if !canSeekData {
		return false
	}
	data, err := unix.Seek(int(file.Fd()), at, seekData)
	return err == unix.ENXIO || err == nil && data >= at+length
}

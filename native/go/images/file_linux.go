package images

import (
	"os"

	"golang.org/x/sys/unix"
)

const canSeekData = true

// isFixed: root's, and nobody else may write to it; or on a file system that is read-only; or marked so that nobody can write. The owner of a file may
// always make it writable again, root with any.
func isFixed(file *os.File) bool {
	fd := int(file.Fd())
	var system unix.Statfs_t
	if unix.Fstatfs(fd, &system) == nil && system.Flags&unix.ST_RDONLY != 0 {
		return true
	}
	var info unix.Statx_t
	const fixed = unix.STATX_ATTR_IMMUTABLE | unix.STATX_ATTR_VERITY
	if unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, &info) != nil {
		return false
	}
	return info.Attributes&info.Attributes_mask&fixed != 0 || os.Geteuid() != 0 && info.Uid == 0 && info.Mode&0o022 == 0
}

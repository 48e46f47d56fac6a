package sys

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero/internal/wasmdebug"
)

// OpenFiles names what is open beside the standard streams, mounts and listeners that the context was made with, where they were then. Of those
// that the guest has closed it tells nothing.
func (c *FSContext) OpenFiles(mounts, listeners int) (names []string) {
	streams := []string{"stdin", "stdout", "stderr"}
	c.openedFiles.Range(func(fd int32, entry *FileEntry) bool {
		switch {
		case int(fd) < len(streams) && entry.IsPreopen && entry.Name == streams[fd]:
		case int(fd) >= len(streams) && int(fd) < len(streams)+mounts+listeners && entry.IsPreopen && !slices.Contains(streams, entry.Name):
		default:
			names = append(names, c.nameOf(fd, entry))
		}
		return true
	})
	return names
}

// nameOf is the guest's own, as far as it is known.
func (c *FSContext) nameOf(fd int32, entry *FileEntry) (name string) {
	if entry.FS == nil {
		if entry.Name != "" {
			return fmt.Sprintf("%s as %d", entry.Name, fd)
		}
		return "a connection"
	}
	name = wasmdebug.Shown(entry.Name)
	c.openedFiles.Range(func(_ int32, mount *FileEntry) bool {
		if mount.IsPreopen && mount.FS == entry.FS {
			name = strings.TrimRight(mount.Name, "/") + "/" + name
			return false
		}
		return true
	})
	return name
}

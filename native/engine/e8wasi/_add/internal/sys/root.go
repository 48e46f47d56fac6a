package sys

import socketapi "github.com/tetratelabs/wazero/internal/sock"

// isRoot tells what a guest finds paths by or accepts connections from, which stays where it is, from its standard streams, which it may
// replace (freopen, dup2) and move as any file.
func (f *FileEntry) isRoot() bool {
	_, listens := f.File.(socketapi.TCPSock)
	return f.IsPreopen && (listens || f.FS != nil)
}

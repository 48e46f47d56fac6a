// Package stdio is the standard streams of guests: descriptors of the process, sources and sinks in JavaScript, buffers, and where random bytes
// come from. A guest waits for a stream through its frame, so its slot is free meanwhile, and a stop ends the wait.
//
// Locks: the poller's, of the process, for who waits for which descriptor; a source's and a buffer's own. None is held across a wait.
package stdio

import (
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/errno"
)

// streamFile is what a standard stream refuses, whatever is behind it: a guest that was given a log to write to may not move in it, cut it,
// make it larger or read it back.
type streamFile struct {
	experimentalsys.UnimplementedFile
}

func (streamFile) IsDir() (bool, experimentalsys.Errno)           { return false, 0 }
func (streamFile) Seek(int64, int) (int64, experimentalsys.Errno) { return 0, errno.NotSeekable }
func (streamFile) Truncate(int64) experimentalsys.Errno           { return experimentalsys.EBADF }
func (streamFile) Utimens(int64, int64) experimentalsys.Errno     { return experimentalsys.EBADF }
func (streamFile) Close() experimentalsys.Errno                   { return 0 } // never ours
func (streamFile) Read([]byte) (int, experimentalsys.Errno)       { return 0, experimentalsys.EBADF }
func (streamFile) Write([]byte) (int, experimentalsys.Errno)      { return 0, experimentalsys.EBADF }
func (streamFile) Pread([]byte, int64) (int, experimentalsys.Errno) {
	return 0, experimentalsys.EBADF
}
func (streamFile) Pwrite([]byte, int64) (int, experimentalsys.Errno) {
	return 0, experimentalsys.EBADF
}

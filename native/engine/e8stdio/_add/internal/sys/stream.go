package sys

import experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

// A standard stream is a stream, whatever is behind it: it has no position, no size and no times, and goes one way. What a stream of
// the host does not have is refused by the host's own file; this is for those that wazero makes.

// notSeekable is ESPIPE: e7errno makes numbers of WASI errors out of those above 0x1000.
const notSeekable = experimentalsys.Errno(0x1000 + 70)

func (noopStdioFile) Seek(int64, int) (int64, experimentalsys.Errno)   { return 0, notSeekable }
func (noopStdioFile) Truncate(int64) experimentalsys.Errno             { return experimentalsys.EBADF }
func (noopStdioFile) Utimens(int64, int64) experimentalsys.Errno       { return experimentalsys.EBADF }
func (noopStdinFile) Pread([]byte, int64) (int, experimentalsys.Errno) { return 0, notSeekable }
func (noopStdoutFile) Pwrite([]byte, int64) (int, experimentalsys.Errno) {
	return 0, notSeekable
}

// StreamReads says which way: what fd_fdstat_get gives rights for.
func (noopStdinFile) StreamReads() bool  { return true }
func (noopStdoutFile) StreamReads() bool { return false }

// What is read from bytes never waits: it may be told not to.

func (f *noopStdinFile) IsNonblock() bool { return f.nonblock }
func (f *noopStdinFile) SetNonblock(enable bool) experimentalsys.Errno {
	f.nonblock = enable
	return 0
}

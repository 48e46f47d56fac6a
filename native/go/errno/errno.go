// Package errno makes numbers for guests of what the system says. src/values/errno.ts has the same numbers for what JavaScript says.
package errno

import (
	"errors"
	"io"
	"os"
	"syscall"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// WASI is an error that wazero's own list does not have, as the WASI number above 0x1000: the engine edit e7errno takes it apart, the
// upstream engine makes EIO of it.
const WASI experimentalsys.Errno = 0x1000

const (
	Busy            = WASI + 10
	TooLarge        = WASI + 22 // EFBIG
	IllegalSequence = WASI + 25
	TooManyFiles    = WASI + 33 // EMFILE
	NoSpace         = WASI + 51
	NotSeekable     = WASI + 70 // ESPIPE
	OtherDevice     = WASI + 75 // EXDEV
)

var others = map[syscall.Errno]experimentalsys.Errno{
	syscall.EBUSY: Busy, syscall.ECONNABORTED: WASI + 13, syscall.ECONNRESET: WASI + 15, syscall.EDQUOT: WASI + 19, syscall.EFBIG: TooLarge, syscall.EMFILE: TooManyFiles, syscall.EMLINK: WASI + 34,
	syscall.ENFILE: WASI + 41, syscall.ENODEV: WASI + 43, syscall.ENOMEM: WASI + 48, syscall.ENOSPC: NoSpace, syscall.ENXIO: WASI + 60,
	syscall.EOVERFLOW: WASI + 61, syscall.EPIPE: WASI + 64, syscall.ESPIPE: NotSeekable, syscall.ESTALE: WASI + 72,
	syscall.ETIMEDOUT: WASI + 73, syscall.ETXTBSY: WASI + 74, syscall.EXDEV: OtherDevice,
}

// Of gives the number for an error; the end of a file is none.
func Of(err error) experimentalsys.Errno {
	if err == nil {
		return 0 // at once: what follows is on the heap
	}
	return of(err)
}

func of(err error) experimentalsys.Errno {
	var own experimentalsys.Errno
	var system syscall.Errno
	switch {
	case err == io.EOF:
		return 0
	case errors.Is(err, os.ErrDeadlineExceeded):
		return experimentalsys.EINTR
	case errors.Is(err, os.ErrClosed):
		return experimentalsys.EBADF
	case errors.As(err, &own):
		return own
	case errors.As(err, &system):
		if e, ok := others[system]; ok {
			return e
		}
		return experimentalsys.UnwrapOSError(system)
	}
	return experimentalsys.UnwrapOSError(err)
}

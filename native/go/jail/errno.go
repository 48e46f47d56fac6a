//go:build linux || darwin

package jail

import (
	"errors"
	"io"
	"os"
	"syscall"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// wasi is an error that wazero's own list does not have, as the WASI number above 0x1000: the engine edit e7errno takes it apart, the
// upstream engine makes EIO of it.
const wasi experimentalsys.Errno = 0x1000

const busy = wasi + 10

var others = map[syscall.Errno]experimentalsys.Errno{
	syscall.EBUSY: busy, syscall.EDQUOT: wasi + 19, syscall.EFBIG: wasi + 22, syscall.EMFILE: wasi + 33, syscall.EMLINK: wasi + 34,
	syscall.ENFILE: wasi + 41, syscall.ENODEV: wasi + 43, syscall.ENOMEM: wasi + 48, syscall.ENOSPC: wasi + 51, syscall.ENXIO: wasi + 60,
	syscall.EOVERFLOW: wasi + 61, syscall.EPIPE: wasi + 64, syscall.ESPIPE: wasi + 70, syscall.ESTALE: wasi + 72,
	syscall.ETIMEDOUT: wasi + 73, syscall.ETXTBSY: wasi + 74, syscall.EXDEV: wasi + 75,
}

func errno(err error) experimentalsys.Errno {
	var own experimentalsys.Errno
	var system syscall.Errno
	switch {
	case err == nil || err == io.EOF:
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

// rootErrno is for what os.Root says: that a path leads outside is an error without a number, and the only one but for a mount that
// is not a directory.
func rootErrno(err error) experimentalsys.Errno {
	var system syscall.Errno
	if err == nil || errors.Is(err, os.ErrClosed) || errors.As(err, &system) {
		return errno(err)
	}
	var path *os.PathError
	if errors.As(err, &path) && path.Op == "open" { // os.OpenRoot; in a root it is "openat"
		return experimentalsys.ENOTDIR
	}
	return experimentalsys.EPERM
}

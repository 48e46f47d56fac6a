//go:build linux || darwin

package jail

import (
	"errors"
	"os"
	"syscall"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/errno"
)

// rootErrno is for what os.Root says: that a path leads outside is an error without a number, and the only one but for a mount that
// is not a directory.
func rootErrno(err error) experimentalsys.Errno {
	var system syscall.Errno
	if err == nil || errors.Is(err, os.ErrClosed) || errors.As(err, &system) {
		return errno.Of(err)
	}
	var path *os.PathError
	if errors.As(err, &path) && path.Op == "open" { // os.OpenRoot; in a root it is "openat"
		return experimentalsys.ENOTDIR
	}
	return experimentalsys.EPERM
}

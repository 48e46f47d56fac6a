//go:build !linux && !darwin

package sysfs

import (
	"syscall"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// pollSocket cannot say.
func pollSocket(syscall.Conn, experimentalsys.Pflag, int32) (bool, experimentalsys.Errno) {
	return false, experimentalsys.ENOSYS
}

package main

import (
	"errors"
	"syscall"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// wazero's list of error numbers is short: it has none for a full disk or a broken pipe. With edit e7errno a number from wasiErrno
// on is the WASI number above it; the upstream engine makes EIO of it.
const wasiErrno experimentalsys.Errno = 0x1000

const (
	errNoSpace      = wasiErrno + 51
	errBrokenPipe   = wasiErrno + 64
	errTooManyFiles = wasiErrno + 33
)

// errnoOf gives the number for what the system said.
func errnoOf(err error) experimentalsys.Errno {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return errNoSpace
	case errors.Is(err, syscall.EPIPE):
		return errBrokenPipe
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return errTooManyFiles
	}
	return experimentalsys.UnwrapOSError(err)
}

//go:build wazero_upstream

package main

import "errors"

// Without edits all code compares.
const canGuard = false

var errNoGuard = errors.New("no code is guarded")

type exitOfGuard struct {
	ExitCode, ReturnAddress, StackPointer, FramePointer, OriginalStackPointer, OriginalFramePointer, GoReturnAddress uintptr
	OutOfBounds                                                                                                      uint32
}

func guardExit() (e exitOfGuard, ok bool) { return e, false }

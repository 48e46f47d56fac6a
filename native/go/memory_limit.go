package main

import (
	"math"
	"os"
	"runtime/debug"

	"wazeronode/headroom"
)

// Where the process has limits, Go's collector works harder before Go's share of it is used up (half is JavaScript's and the guests').
func init() {
	askBeforeAllocating(headroom.Allows)
	left := headroom.LeftByLimits()
	if left >= math.MaxInt64 {
		return
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(left / 2))
	}
}

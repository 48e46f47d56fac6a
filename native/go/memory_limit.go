package main

import (
	"math"
	"os"
	"runtime/debug"

	"wazeronode/headroom"
)

// slack counts as memory that is in use, and takes none, for nobody touches it. Go's collector begins when what is in use has doubled, or is 4 MiB:
// without it a process that makes short-lived instances collects after every hundred of them, which takes it longer than making them.
var slack []byte

const slackBytes = 8 << 20

// Where the process has limits, Go's collector works harder before Go's share of it is used up (half is JavaScript's and the guests').
func init() {
	askBeforeAllocating(headroom.Allows)
	left := headroom.LeftByLimits()
	if left >= math.MaxInt64 {
		slack = make([]byte, slackBytes)
		return
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(left / 2))
	}
}

package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"wazeronode/headroom"
)

// Where the process has limits, Go's collector works harder before Go's share of it is used up (half is JavaScript's and the guests'), and Go
// makes its threads now: where there is no room for the stack of one, or no more may be made, Go ends the process.
func init() {
	askBeforeAllocating(headroom.Allows)
	left := headroom.LeftByLimits()
	if left >= math.MaxInt64 {
		return
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(left / 2))
	}
	makeThreads(2*processors() + 4)
}

// makeThreads has that many threads at once, which Go keeps for later.
func makeThreads(n int) {
	var all sync.WaitGroup
	all.Add(n)
	for range n {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait()
		}()
	}
}

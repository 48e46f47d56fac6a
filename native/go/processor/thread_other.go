//go:build !linux || !(amd64 || arm64)

package processor

// Elsewhere guests are charged by the clock.
const ownClock = 0

func current() uintptr     { return 0 }
func clockOfThread() int32 { return 0 }
func cpuTime(int32) int64  { return 0 }

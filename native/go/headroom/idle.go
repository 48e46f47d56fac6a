package headroom

import "runtime/metrics"

// idle is what Go has mapped and does not use now, but for half, because what is wanted may not fit into its pieces. By the limits of
// address space and of data it stays the process's, so that taking it again costs nothing.
func idle() uint64 {
	free, released := unused()
	return (free + released) / 2
}

// unused is what Go has mapped and does not use: what it still has of the system, and what it would have to get again.
func unused() (free, released uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	if samples[0].Value.Kind() == metrics.KindUint64 {
		free = samples[0].Value.Uint64()
	}
	if samples[1].Value.Kind() == metrics.KindUint64 {
		released = samples[1].Value.Uint64()
	}
	return free, released
}

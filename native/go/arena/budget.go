package arena

import "sync/atomic"

// Budget is what all memories of one owner may hold together.
type Budget struct {
	max  uint64
	used atomic.Uint64
}

// NewBudget limits the memories that are made with it to max bytes; 0: no limit.
func NewBudget(max uint64) *Budget {
	if max == 0 {
		max = 1<<64 - 1
	}
	return &Budget{max: max}
}

// Used is the length of all memories that are not yet freed and released.
func (b *Budget) Used() uint64 { return b.used.Load() }

func (b *Budget) take(n uint64) bool {
	for {
		used := b.used.Load()
		if n > b.max-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			stats.bytes.Add(int64(n))
			return true
		}
	}
}

func (b *Budget) give(n uint64) {
	b.used.Add(-n)
	stats.bytes.Add(-int64(n))
}

var stats struct {
	memories, bytes, live, quarantined, reserved atomic.Int64
}

// Statistics are of the process.
type Statistics struct {
	Memories    int64 // not yet freed and released
	Bytes       int64 // their length
	Ranges      int64 // in use, quarantined ones included
	Quarantined int64 // ranges whose memory is gone but not the last Pin
	Reserved    int64 // bytes of address space, used and free
}

// Stats is a snapshot.
func Stats() Statistics {
	return Statistics{stats.memories.Load(), stats.bytes.Load(), stats.live.Load(), stats.quarantined.Load(), stats.reserved.Load()}
}

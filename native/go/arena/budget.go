package arena

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"wazeronode/headroom"
)

// Budget is what all memories of one owner may hold together.
type Budget struct {
	max   uint64
	used  atomic.Uint64
	apart bool // from what all memories may have, and from what is shown: it is little
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
	if !takeFrom(&b.used, b.max, n) {
		return false
	}
	if !b.apart && !takeFrom(&process, processMax(), n) {
		b.used.Add(-n)
		return false
	}
	return true
}

// takeFor is take for something of size bytes, of which n are new; the error says what.
func (b *Budget) takeFor(what string, size, n uint64) *LimitError {
	if b.take(n) {
		return nil
	}
	most := min(b.max, processMax())
	return &LimitError{"totalMemoryBytes", fmt.Sprintf("%s of %d bytes is over the limit totalMemoryBytes: %d of %d bytes are in use",
		what, size, max(b.Used(), min(process.Load(), most)), most)}
}

func takeFrom(used *atomic.Uint64, most, n uint64) bool {
	for {
		u := used.Load()
		if n > most-min(u, most) {
			return false
		}
		if used.CompareAndSwap(u, u+n) {
			return true
		}
	}
}

// process is the length of all memories, and processMax what they may have: a quarter of what the process could take when the first one was made,
// if it has a limit (rlimit, control group). Beyond such a limit there is no error to give, for the system ends the process.
var process atomic.Uint64

var processMax = sync.OnceValue(func() uint64 {
	if left := leftAtFirst(); left < math.MaxInt64 {
		return left / 4
	}
	return math.MaxUint64
})

// leftAtFirst is what the process could take by its limits when the first memory was made.
var leftAtFirst = sync.OnceValue(headroom.LeftByLimits)

func (b *Budget) give(n uint64) {
	b.used.Add(-n)
	if !b.apart {
		process.Add(-n)
	}
}

var stats struct {
	memories, images, live, quarantined, reserved atomic.Int64
}

// Statistics are of the process.
type Statistics struct {
	Memories    int64 // not yet freed and released
	Images      int64 // that somebody uses
	Bytes       int64 // their length
	Ranges      int64 // in use, quarantined ones included
	Quarantined int64 // ranges whose memory is gone but not the last Pin
	Reserved    int64 // bytes of address space, used and free
}

// Stats is a snapshot.
func Stats() Statistics {
	return Statistics{stats.memories.Load(), stats.images.Load(), int64(process.Load()), stats.live.Load(), stats.quarantined.Load(), stats.reserved.Load()}
}

package amd64

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

func TestSpillSlotsAreAligned(t *testing.T) {
	m := &machine{spillSlots: make(map[regalloc.VRegID]int64)}
	for i, slot := range []struct{ size, at int64 }{{4, 0}, {8, 8}, {4, 16}, {16, 32}, {4, 48}, {4, 52}, {8, 56}} {
		require.Equal(t, slot.at, m.getVRegSpillSlotOffsetFromSP(regalloc.VRegID(i+1), byte(slot.size)))
	}
	require.Equal(t, int64(64), m.spillSlotSize)
}

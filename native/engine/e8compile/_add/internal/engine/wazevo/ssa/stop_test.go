package ssa

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// A tree of dominators: 0 has 1 and 2, 1 has 3.
func TestTourOfDominators(t *testing.T) {
	blocks := make([]basicBlock, 4)
	for i := range blocks {
		blocks[i].id = BasicBlockID(i)
	}
	blocks[0].child, blocks[1].sibling, blocks[1].child = &blocks[1], &blocks[2], &blocks[3]
	dt := dominatorSparseTree{euler: make([]*basicBlock, 7), depth: make([]int32, 7), first: []int32{-1, -1, -1, -1}}
	dt.tour(&blocks[0])
	var order []BasicBlockID
	for _, b := range dt.euler {
		order = append(order, b.id)
	}
	require.Equal(t, []BasicBlockID{0, 1, 3, 1, 0, 2, 0}, order)
	require.Equal(t, []int32{0, 1, 2, 1, 0, 1, 0}, dt.depth)
	require.Equal(t, []int32{0, 1, 5, 2}, dt.first)
}

func TestStop(t *testing.T) {
	b := NewBuilder().(*builder)
	done := make(chan struct{})
	b.StopAt(done)
	work := func() {
		for range 64 {
			b.AllocateInstruction()
		}
	}
	work()
	close(done)
	err := require.CapturePanic(work)
	require.Equal(t, errStopped, err)
}

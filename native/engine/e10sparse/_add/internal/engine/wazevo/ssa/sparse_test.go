package ssa

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// The table that a large function has left is not filled for a small one.
func TestSparseTableOfSmallFunction(t *testing.T) {
	dt := &dominatorSparseTree{depth: make([]int32, 100)}
	dt.buildSparseTable()
	require.Equal(t, int32(99), dt.table[99][0])
	dt.table[50][0] = -1
	dt.depth = dt.depth[:10]
	dt.buildSparseTable()
	require.Equal(t, int32(9), dt.table[9][0])
	require.Equal(t, int32(-1), dt.table[50][0])
}

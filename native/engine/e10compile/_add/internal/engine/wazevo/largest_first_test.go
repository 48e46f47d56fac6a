package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

func TestLargestFirst(t *testing.T) {
	m := &wasm.Module{CodeSection: []wasm.Code{{Body: make([]byte, 3)}, {Body: make([]byte, 70)}, {}, {Body: make([]byte, 3)}, {Body: make([]byte, 4)}}}
	require.Equal(t, []int{1, 4, 0, 3, 2}, largestFirst(m))
}

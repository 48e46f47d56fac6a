package interpreter

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

func TestPieces(t *testing.T) {
	ce, f := &callEngine{}, &function{parent: &compiledFunction{}, moduleInstance: &wasm.ModuleInstance{}}
	memory := make([]byte, 5*piece)
	for _, size := range []int{0, 1, piece - 1, piece, piece + 1, 2*piece + 77, 3 * piece} {
		for _, distance := range []int{-2*piece + 5, -piece, -1, 0, 1, piece - 1, piece, piece + 1, 2*piece - 3} {
			_, _ = rand.New(rand.NewSource(int64(size))).Read(memory)
			want := bytes.Clone(memory)
			from := max(0, -distance)
			to := from + distance
			copy(want[to:to+size], want[from:from+size])
			ce.copyInPieces(f, memory[to:to+size], memory[from:from+size])
			require.True(t, bytes.Equal(want, memory))
		}
		for _, value := range []byte{0, 7} {
			ce.fillInPieces(f, memory[3:3+size], value)
			require.Equal(t, size, bytes.Count(memory[3:3+size], []byte{value}))
		}
	}
}

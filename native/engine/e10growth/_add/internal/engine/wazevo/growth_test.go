package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// What grows the stack stands behind a function, and a function with a small frame does not move the stack pointer to compare it.
func TestGrowthCheckSize(t *testing.T) {
	if size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32}, []byte{wasm.OpcodeNop}); size > 64 {
		t.Errorf("%d bytes for a function that does nothing", size)
	}
}

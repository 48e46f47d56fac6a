package wazevo

import (
	"bytes"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// No splat begins with an instruction that keeps what was in its register (PINSRB, INSERTPS, PINSRD, PINSRQ), or MOVLHPS.
func TestSplatsReadNothingElse(t *testing.T) {
	params := []wasm.ValueType{wasm.ValueTypeI32, wasm.ValueTypeI64, wasm.ValueTypeF32, wasm.ValueTypeF64}
	for _, splat := range [][]byte{
		{wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 15}, {wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 16}, {wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 17},
		{wasm.OpcodeLocalGet, 1, wasm.OpcodeVecPrefix, 18}, {wasm.OpcodeLocalGet, 2, wasm.OpcodeVecPrefix, 19}, {wasm.OpcodeLocalGet, 3, wasm.OpcodeVecPrefix, 20},
		{wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 7, 0, 0}, {wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 8, 0, 0},
		{wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 9, 0, 0}, {wasm.OpcodeLocalGet, 0, wasm.OpcodeVecPrefix, 10, 0, 0},
	} {
		body := append([]byte{wasm.OpcodeI32Const, 0}, splat...)
		code := codeOf(t, params, append(body, wasm.OpcodeVecPrefix, 11, 0, 0)) // v128.store
		for _, merges := range [][]byte{{0x0f, 0x3a, 0x20}, {0x0f, 0x3a, 0x21}, {0x0f, 0x3a, 0x22}, {0x0f, 0x16}} {
			require.True(t, !bytes.Contains(code, merges), "%x: %x", splat, code)
		}
	}
}

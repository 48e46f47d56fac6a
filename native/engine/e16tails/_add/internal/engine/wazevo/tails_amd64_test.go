package wazevo

import (
	"bytes"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Each arm of a switch in a loop has its own jump through the one table.
func TestArmsGoOnInEachOther(t *testing.T) {
	const arms = 8
	body := []byte{wasm.OpcodeLoop, 0x40}
	for range arms {
		body = append(body, wasm.OpcodeBlock, 0x40)
	}
	body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Const, arms-1, wasm.OpcodeI32And, wasm.OpcodeBrTable, arms-1, 0, 1, 2, 3, 4, 5, 6, 7)
	for i := range byte(arms) {
		body = append(body, wasm.OpcodeEnd, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Const, 3+i, wasm.OpcodeI32Mul, wasm.OpcodeLocalSet, 0, wasm.OpcodeBr, arms-1-i)
	}
	body = append(body, wasm.OpcodeEnd)
	code := codeOf(t, []wasm.ValueType{wasm.ValueTypeI32}, body)
	jumps := 0
	for r := range byte(8) { // rax to rdi, and with a prefix r8 to r15
		jumps += bytes.Count(code, []byte{0xff, 0xe0 | r})
	}
	require.Equal(t, 1+arms, jumps)
}

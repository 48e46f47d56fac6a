package wazevo

import (
	"bytes"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// No function takes its stack pointer from the frame pointer in the end: one that calls nothing, one that calls, one that has values on the stack meanwhile,
// and one that saves registers.
func TestFramesAreLeftByCounting(t *testing.T) {
	call := []byte{wasm.OpcodeLocalGet, 0, wasm.OpcodeCall, 0}
	many, sum := []byte{}, []byte{}
	for range 20 {
		many = append(append(many, wasm.OpcodeI32Const, 0), wasm.OpcodeI32Load, 0, 0)
		sum = append(sum, wasm.OpcodeI32Add)
	}
	for name, body := range map[string][]byte{
		"nothing": {},
		"call":    call,
		"spills":  append(append(append(many[:len(many):len(many)], call...), wasm.OpcodeLocalGet, 0), append(sum, wasm.OpcodeDrop)...),
	} {
		code := codeOf(t, []wasm.ValueType{wasm.ValueTypeI32}, body)
		require.True(t, !bytes.Contains(code, []byte{0x48, 0x89, 0xec}), "%s: %x", name, code)
	}
}

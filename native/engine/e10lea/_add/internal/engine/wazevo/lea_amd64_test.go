package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// Sums whose operands live on: of a constant, of two, and of one twice.
func TestSumsAreOneInstruction(t *testing.T) {
	const sums = 100
	for name, second := range map[string][]byte{
		"constant": {wasm.OpcodeI32Const, 7, wasm.OpcodeI32Add},
		"two":      {wasm.OpcodeLocalGet, 1, wasm.OpcodeI32Add},
		"twice":    {wasm.OpcodeI32Const, 1, wasm.OpcodeI32Shl},
	} {
		var body []byte
		for range sums { // store at local 2: local 0 + ...
			body = append(append(append(body, wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 0), second...), wasm.OpcodeI32Store, 0, 0)
		}
		body = append(body, wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 0, wasm.OpcodeLocalGet, 1, wasm.OpcodeI32Sub, wasm.OpcodeI32Store, 0, 0)
		if size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32, wasm.ValueTypeI32}, body) / sums; size > 7 {
			t.Errorf("%s: %d bytes for each sum and its store", name, size)
		}
	}
}

// A comparison with zero needs no immediate.
func TestZeroIsTested(t *testing.T) {
	const comparisons = 100
	var body []byte
	for range comparisons {
		body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Const, 0, wasm.OpcodeI32GtS, wasm.OpcodeIf, 0x40,
			wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Store, 0, 0, wasm.OpcodeEnd)
	}
	if size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32}, body) / comparisons; size > 14 {
		t.Errorf("%d bytes for each comparison and its store", size)
	}
}

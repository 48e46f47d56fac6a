package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// Loops that carry a vector and a float: they stay in their registers, without a move at the end. Heads of loops are at multiples of 16 bytes (e15heads): in
// between are 0 to 15 instructions more, so that what is between shows in the mean.
func TestVectorsAreNotMovedInLoops(t *testing.T) {
	const loops = 96
	var body []byte
	for i := range loops {
		for range i % 16 {
			body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Const, 3, wasm.OpcodeI32Xor, wasm.OpcodeLocalSet, 0)
		}
		body = append(body,
			wasm.OpcodeI32Const, 0, wasm.OpcodeLocalSet, 1,
			wasm.OpcodeLoop, 0x40,
			wasm.OpcodeLocalGet, 2, wasm.OpcodeLocalGet, 2, wasm.OpcodeVecPrefix, 0xe4, 0x01, wasm.OpcodeLocalSet, 2, // f32x4.add
			wasm.OpcodeLocalGet, 3, wasm.OpcodeLocalGet, 3, wasm.OpcodeF64Add, wasm.OpcodeLocalSet, 3,
			wasm.OpcodeLocalGet, 1, wasm.OpcodeI32Const, 1, wasm.OpcodeI32Add, wasm.OpcodeLocalTee, 1,
			wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Ne, wasm.OpcodeBrIf, 0,
			wasm.OpcodeEnd)
	}
	body = append(body, wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 2, wasm.OpcodeVecPrefix, wasm.OpcodeVecV128Store, 0, 0,
		wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 3, wasm.OpcodeF64Store, 0, 0)
	size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32, wasm.ValueTypeI32, wasm.ValueTypeV128, wasm.ValueTypeF64}, body) / loops
	if size > 112 {
		t.Errorf("%d bytes for each loop", size)
	}
}

// The comparison of a select is made once, for the flags.
func TestSelectComparesOnce(t *testing.T) {
	const selects = 100
	var body []byte
	for range selects {
		body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeLocalGet, 1,
			wasm.OpcodeLocalGet, 0, wasm.OpcodeLocalGet, 1, wasm.OpcodeI32LtS, wasm.OpcodeSelect, wasm.OpcodeLocalSet, 0)
	}
	body = append(body, wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Store, 0, 0)
	if size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32, wasm.ValueTypeI32}, body) / selects; size > 12 {
		t.Errorf("%d bytes for each select", size)
	}
}

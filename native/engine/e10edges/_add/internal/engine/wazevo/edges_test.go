package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// Loops that end with a comparison, behind an instruction with a side effect: it is fused with the branch.
func TestLoopBranchIsFused(t *testing.T) {
	const loops = 100
	var body []byte
	for range loops {
		body = append(body,
			wasm.OpcodeI32Const, 0, wasm.OpcodeLocalSet, 1,
			wasm.OpcodeLoop, 0x40,
			wasm.OpcodeI32Const, 8, wasm.OpcodeLocalGet, 1, wasm.OpcodeI32Store, 0, 0,
			wasm.OpcodeLocalGet, 1, wasm.OpcodeI32Const, 1, wasm.OpcodeI32Add, wasm.OpcodeLocalTee, 1,
			wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Ne, wasm.OpcodeBrIf, 0,
			wasm.OpcodeEnd)
	}
	if size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32, wasm.ValueTypeI32}, body) / loops; size > 60 {
		t.Errorf("%d bytes for each loop", size)
	}
}

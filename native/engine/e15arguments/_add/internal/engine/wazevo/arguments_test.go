package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// Parameters that are passed on to calls are loaded into the registers of arguments.
func TestArgumentsAreNotMoved(t *testing.T) {
	const calls = 100
	var body []byte
	for range calls {
		body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeLocalGet, 1, wasm.OpcodeLocalGet, 2, wasm.OpcodeCall, 0)
	}
	params := []wasm.ValueType{wasm.ValueTypeI32, wasm.ValueTypeI32, wasm.ValueTypeI32}
	if size := sizeOfCode(t, params, body) / calls; size > 26 {
		t.Errorf("%d bytes for each call", size)
	}
}

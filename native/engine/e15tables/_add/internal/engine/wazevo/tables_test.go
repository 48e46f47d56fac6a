package wazevo

import (
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// A table of eight with an index of three bits needs no comparison, one of seven does.
func TestBoundedIndexIsNotCompared(t *testing.T) {
	jumps := func(size byte) int {
		var body []byte
		for range 100 { // block; br_table of local 0 & 7, with each entry to its end; end
			body = append(body, wasm.OpcodeBlock, 0x40, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Const, 7, wasm.OpcodeI32And, wasm.OpcodeBrTable, size-1)
			body = append(append(body, make([]byte, size)...), wasm.OpcodeEnd)
		}
		return sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32}, body)
	}
	entry := 8
	if runtime.GOARCH == "arm64" {
		entry = 4
	}
	if saved := jumps(7) + 100*entry - jumps(8); saved < 100*8 {
		t.Errorf("%d bytes less than with a comparison", saved)
	}
}

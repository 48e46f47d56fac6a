package wazevo

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// A loop begins at a multiple of 16 bytes, however long what is before it is, and so does what a table jumps to.
func TestHeadsAreAligned(t *testing.T) {
	i32 := []wasm.ValueType{wasm.ValueTypeI32}
	for before := range 8 {
		var body []byte
		for range before {
			body = append(body, wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Store, 0, 0)
		}
		loop := append(append([]byte{}, body...), wasm.OpcodeLoop, 0x40, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Const, 1, wasm.OpcodeI32Sub,
			wasm.OpcodeLocalTee, 0, wasm.OpcodeBrIf, 0, wasm.OpcodeEnd)
		code := codeOf(t, i32, loop)
		at := 0
		for i := range len(code) - 6 { // the branch back, the only one
			if to := int32(binary.LittleEndian.Uint32(code[i+2:])); code[i] == 0x0f && code[i+1] == 0x85 && to < 0 {
				at = i + 6 + int(to)
				break
			}
		}
		require.True(t, at > 0)
		require.Equal(t, 0, at%16, "a loop behind %d stores is at %d", before, at)

		// Each arm stores another constant, and the table has the distances to them.
		table := append(append([]byte{}, body...), wasm.OpcodeBlock, 0x40, wasm.OpcodeBlock, 0x40, wasm.OpcodeLocalGet, 0, wasm.OpcodeBrTable, 1, 0, 1, wasm.OpcodeEnd,
			wasm.OpcodeI32Const, 0, wasm.OpcodeI32Const, 0x2a, wasm.OpcodeI32Store, 0, 0, wasm.OpcodeReturn, wasm.OpcodeEnd,
			wasm.OpcodeI32Const, 0, wasm.OpcodeI32Const, 0x2b, wasm.OpcodeI32Store, 0, 0)
		code = codeOf(t, i32, table)
		jump := bytes.Index(code, []byte{0x48, 0x8d}) // lea table(%rip)
		for code[jump+2]&0xc7 != 0x05 {
			jump += 1 + bytes.Index(code[jump+1:], []byte{0x48, 0x8d})
		}
		start := jump + 7 + int(int32(binary.LittleEndian.Uint32(code[jump+3:])))
		for i := range 2 {
			at := start + int(binary.LittleEndian.Uint64(code[start+8*i:]))
			require.Equal(t, 0, at%16, "entry %d behind %d stores is at %d", i, before, at)
		}
	}
}

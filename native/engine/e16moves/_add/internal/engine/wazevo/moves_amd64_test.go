package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// What a loop turns round stays in registers, while there are enough.
func TestLoopsThatTurnTheirValuesRound(t *testing.T) {
	for n := 2; n <= 9; n++ {
		params := make([]wasm.ValueType, n)
		for i := range params {
			params[i] = wasm.ValueTypeI32
		}
		body := []byte{wasm.OpcodeLoop, 0x40}
		for i := range n {
			body = append(body, wasm.OpcodeLocalGet, byte((i+1)%n))
			if i%2 == 0 {
				body = append(body, wasm.OpcodeI32Const, 3, wasm.OpcodeI32Add)
			}
		}
		for i := n - 1; i >= 0; i-- {
			body = append(body, wasm.OpcodeLocalSet, byte(i))
		}
		body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeBrIf, 0, wasm.OpcodeEnd)
		require.Equal(t, 0, stackAccesses(codeOf(t, params, body)), "%d values", n)
	}
}

// stackAccesses are loads and stores of 32 bits whose address is a distance from rsp.
func stackAccesses(code []byte) (n int) {
	for i := 1; i+2 < len(code); i++ {
		if (code[i-1] == 0x8b || code[i-1] == 0x89) && code[i]&7 == 4 && code[i]>>6 != 3 && code[i+1] == 0x24 {
			n++
		}
	}
	return n
}

package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// Loops that carry six values, which begin as six of twelve that are used in front of each loop and behind it: within the
// loop the six are in registers.
func TestLoopsCarryRegisters(t *testing.T) {
	const loops, carried, others = 50, 6, 12
	var body []byte
	useOthers := func() {
		for i := byte(1); i <= others; i++ { // other i += local 0
			body = append(body, wasm.OpcodeLocalGet, carried+i, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Add, wasm.OpcodeLocalSet, carried+i)
		}
	}
	for range loops {
		useOthers()
		for i := byte(1); i <= carried; i++ { // local i = other i
			body = append(body, wasm.OpcodeLocalGet, carried+i, wasm.OpcodeLocalSet, i)
		}
		body = append(body, wasm.OpcodeLoop, 0x40)
		for i := byte(1); i <= carried; i++ { // local i += local i+1
			body = append(body, wasm.OpcodeLocalGet, i, wasm.OpcodeLocalGet, i%carried+1, wasm.OpcodeI32Add, wasm.OpcodeLocalSet, i)
		}
		body = append(body, wasm.OpcodeLocalGet, 1, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Ne, wasm.OpcodeBrIf, 0, wasm.OpcodeEnd)
		for i := byte(1); i <= carried; i++ { // other 1 += local i
			body = append(body, wasm.OpcodeLocalGet, carried+1, wasm.OpcodeLocalGet, i, wasm.OpcodeI32Add, wasm.OpcodeLocalSet, carried+1)
		}
	}
	useOthers()
	for i := byte(1); i <= others; i++ {
		body = append(body, wasm.OpcodeI32Const, 0, wasm.OpcodeLocalGet, carried+i, wasm.OpcodeI32Store, 0, 0)
	}
	params := make([]wasm.ValueType, 1+carried+others)
	for i := range params {
		params[i] = wasm.ValueTypeI32
	}
	if size := sizeOfCode(t, params, body) / loops; size > 400 {
		t.Errorf("%d bytes for each loop", size)
	}
}

package wazevo

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// The memory has a page: what is in it is not compared, and its address is a part of the access.
func TestConstantAddressesAreNotChecked(t *testing.T) {
	const stores = 100
	of := func(address ...byte) (size int) {
		var body []byte
		for range stores {
			body = append(append(append(body, wasm.OpcodeI32Const), address...), wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Store, 0, 0x10)
		}
		return sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32}, body) / stores
	}
	if size := of(0xe0, 0xff, 0x03); size > 12 { // 65504 + 16 + 4
		t.Errorf("%d bytes for each store in the memory", size)
	}
	if size := of(0); size > 12 {
		t.Errorf("%d bytes for each store at an offset", size)
	}
	if checked := of(0xf0, 0xff, 0x03); checked < 16 { // 65520 + 16 + 4
		t.Errorf("%d bytes for each store that ends behind the memory", checked)
	}
}

package adhoc

import (
	"context"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestConstantAddressOverTwoGiB: the second access needs no check and has to make its address anew, for the call may have moved the memory.
// Extended with its sign, the address is 2 GiB below the memory.
func TestConstantAddressOverTwoGiB(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	const pages = 33_000
	var at []uint32
	functions := [][]byte{{0}}
	bodies := [][]byte{rawwasm.Func(nil)}
	exports := [][]byte{rawwasm.Bytes("memory", byte(2), 0)}
	for _, address := range []uint32{0x10, 0x7ffffff0, 0x80000000, 0x80000010, pages<<16 - 8} {
		for _, offset := range []uint32{0, 1, 4, 0x7ffffffb, 0x80000000} {
			if uint64(address)+uint64(offset)+4 > pages<<16 {
				continue
			}
			load := rawwasm.Bytes(byte(0x20), 0, byte(0x28), 0, int(offset)) // i32.load offset (local.get 0)
			code := rawwasm.Bytes(byte(0x41), int64(int32(address)), byte(0x21), 0, load, byte(0x1a))
			code = rawwasm.Bytes(code, byte(0x10), 0, load)
			code = rawwasm.Bytes(code, byte(0x10), 0, byte(0x20), 0, byte(0x41), 42, byte(0x36), 0, int(offset)) // i32.store
			exports = append(exports, rawwasm.Bytes(fmt.Sprint(len(at)), byte(0), len(functions)))
			functions = append(functions, []byte{1})
			bodies = append(bodies, rawwasm.Func([]byte{rawwasm.I32}, code))
			at = append(at, address+offset)
		}
	}
	m, err := r.Instantiate(ctx, rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type(nil, nil), rawwasm.Type(nil, []byte{rawwasm.I32})),
		rawwasm.Section(rawwasm.Funcs, functions...),
		rawwasm.Section(rawwasm.Memories, rawwasm.Bytes(0, pages)),
		rawwasm.Section(rawwasm.Exports, exports...),
		rawwasm.Section(rawwasm.Code, bodies...),
	))
	require.NoError(t, err)
	for i, at := range at {
		require.True(t, m.Memory().WriteUint32Le(at, 0x1234))
		res, err := m.ExportedFunction(fmt.Sprint(i)).Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(0x1234), res[0], "at %#x", at)
		stored, _ := m.Memory().ReadUint32Le(at)
		require.Equal(t, uint32(42), stored, "at %#x", at)
	}
}

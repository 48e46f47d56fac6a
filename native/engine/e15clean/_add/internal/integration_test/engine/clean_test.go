package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Indices that go through calls, parameters of loops and selects, from arguments whose upper half is not zero: the word at 16, never another.
func TestIndicesAreExtended(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	load := []byte{0x28, 2, 0}
	bodies := map[string][]byte{
		"parameter": rawwasm.Bytes([]byte{0x20, 0}, load),
		"result":    rawwasm.Bytes([]byte{0x20, 0, 0x10, 0}, load),
		"sum":       rawwasm.Bytes([]byte{0x20, 0, 0x41, 4, 0x6a, 0x41, 4, 0x6b}, load),
		// loop: if (local 2) return load(local 1); local 1 = local 0; local 2 = 1
		"loop": rawwasm.Bytes([]byte{0x20, 0, 0x10, 0, 0x21, 1, 0x03, rawwasm.I32, 0x20, 2, 0x04, 0x40, 0x20, 1}, load,
			[]byte{0x0f, 0x0b, 0x20, 0, 0x21, 1, 0x41, 1, 0x21, 2, 0x0c, 0, 0x0b}),
		"select":   rawwasm.Bytes([]byte{0x20, 0, 0x41, 32, 0x20, 0, 0x1b}, load),
		"wrap":     rawwasm.Bytes([]byte{0x20, 0, 0xac, 0x42, 32, 0x86, 0x42, 32, 0x88, 0xa7}, load),
		"shift":    rawwasm.Bytes([]byte{0x20, 0, 0x20, 2, 0x74, 0x41, 0, 0x72}, load), // by nothing
		"rotation": rawwasm.Bytes([]byte{0x20, 0, 0x20, 2, 0x77}, load),
	}
	for name, body := range bodies {
		m, err := r.Instantiate(ctx, rawwasm.Module(
			rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32})),
			rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{0}),
			rawwasm.Section(rawwasm.Memories, []byte{0, 1}),
			rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1), rawwasm.Bytes("memory", byte(2), 0)),
			rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0}), rawwasm.Func([]byte{rawwasm.I32, rawwasm.I32}, body)),
		))
		require.NoError(t, err, name)
		require.True(t, m.Memory().WriteUint32Le(16, 4711))
		for _, upper := range []uint64{0, 1 << 32, 1 << 40, 0xffffffff << 32} {
			stack := []uint64{upper | 16}
			require.NoError(t, m.ExportedFunction("f").CallWithStack(ctx, stack), name)
			require.Equal(t, uint32(4711), uint32(stack[0]), name)
		}
		require.NoError(t, m.Close(ctx))
	}
}

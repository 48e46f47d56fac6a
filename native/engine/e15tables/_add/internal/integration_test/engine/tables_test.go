package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/leb128"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Jumps through tables of one entry more and less than their index can reach, the arguments with anything in their upper half.
func TestTablesOfBoundedIndices(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	for name, index := range map[string]struct {
		code  []byte
		value func(uint32) uint32
		sizes []int
	}{
		"and":     {[]byte{0x20, 0, 0x41, 7, 0x71}, func(x uint32) uint32 { return x & 7 }, []int{1, 6, 7, 8, 9, 100}},
		"and of":  {[]byte{0x41, 7, 0x20, 0, 0x71}, func(x uint32) uint32 { return x & 7 }, []int{6, 7, 8}},
		"shift":   {[]byte{0x20, 0, 0x41, 61, 0x76}, func(x uint32) uint32 { return x >> 29 }, []int{6, 7, 8}},
		"signed":  {[]byte{0x20, 0, 0x41, 29, 0x75}, func(x uint32) uint32 { return uint32(int32(x) >> 29) }, []int{6, 7, 8}},
		"by some": {[]byte{0x20, 0, 0x20, 0, 0x76}, func(x uint32) uint32 { return x >> (x & 31) }, []int{6, 7, 8}},
		"byte":    {[]byte{0x41, 0, 0x20, 0, 0x36, 2, 0, 0x41, 0, 0x2d, 0, 0}, func(x uint32) uint32 { return x & 255 }, []int{254, 255, 256}},
		"sbyte":   {[]byte{0x41, 0, 0x20, 0, 0x36, 2, 0, 0x41, 0, 0x2c, 0, 0}, func(x uint32) uint32 { return uint32(int32(int8(x))) }, []int{254, 255, 256}},
		"half":    {[]byte{0x41, 0, 0x20, 0, 0x36, 2, 0, 0x41, 0, 0x2f, 1, 0}, func(x uint32) uint32 { return x & 0xffff }, []int{65535}},
	} {
		for _, size := range index.sizes {
			// Entry i leaves to the block of i & 3, the default to that of 4; each of them returns ten times its number and the index.
			table := append([]byte{0x0e}, leb128.EncodeUint32(uint32(size))...)
			for i := range size {
				table = append(table, byte(i&3))
			}
			body := rawwasm.Bytes(index.code, []byte{0x22, 1}, []byte{0x1a, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40}, index.code, table, []byte{4, 0x0b})
			for i := range 5 {
				body = append(body, 0x41, byte(i*10), 0x20, 1, 0x6a, 0x0f, 0x0b)
			}
			body = body[:len(body)-1] // no block is around the last one
			m, err := r.Instantiate(ctx, rawwasm.Module(
				rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32})),
				rawwasm.Section(rawwasm.Funcs, []byte{0}),
				rawwasm.Section(rawwasm.Memories, []byte{0, 1}),
				rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)),
				rawwasm.Section(rawwasm.Code, rawwasm.Func([]byte{rawwasm.I32}, body)),
			))
			require.NoError(t, err, name)
			for _, x := range []uint32{0, 1, 5, 6, 7, 8, 9, 127, 128, 254, 255, 256, 65534, 65535, 65536, 1 << 29, 3<<30 + 7, 1 << 31, 7 << 29, ^uint32(0)} {
				at := index.value(x)
				want := at + 40
				if at < uint32(size) {
					want = at + at&3*10
				}
				for _, upper := range []uint64{0, 1 << 32, 0xffffffff << 32} {
					stack := []uint64{upper | uint64(x)}
					require.NoError(t, m.ExportedFunction("f").CallWithStack(ctx, stack), name)
					require.Equal(t, want, uint32(stack[0]), "%s %d of %d", name, x, size)
				}
			}
			require.NoError(t, m.Close(ctx))
		}
	}
}

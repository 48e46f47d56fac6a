package binary

import (
	"testing"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// A memory, two active segments and a passive one, and two custom sections, one of them empty and last.
var keptModule = []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0,
	wasm.SectionIDCustom, 6, 2, 'm', 'e', 7, 8, 9,
	wasm.SectionIDMemory, 3, 1, 0, 1,
	wasm.SectionIDData, 21, 3,
	0, wasm.OpcodeI32Const, 0, wasm.OpcodeEnd, 3, 'a', 'b', 'c',
	0, wasm.OpcodeI32Const, 9, wasm.OpcodeEnd, 0,
	1, 5, 'h', 'e', 'l', 'l', 'o',
	wasm.SectionIDCustom, 3, 2, 'n', 'o',
}

func decodeKept(module []byte, kept bool) (*wasm.Module, error) {
	return DecodeModule(module, api.CoreFeaturesV2, wasm.MemoryLimitPages, false, false, true, Trusted{Kept: kept})
}

func TestKeptBytes(t *testing.T) {
	copied, err := decodeKept(keptModule, false)
	require.NoError(t, err)
	kept, err := decodeKept(keptModule, true)
	require.NoError(t, err)
	require.Equal(t, 3, len(kept.DataSection))
	require.Equal(t, copied.DataSection, kept.DataSection)
	require.Equal(t, copied.CustomSections, kept.CustomSections)

	within := func(b []byte) bool {
		at, begin := uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(unsafe.Pointer(unsafe.SliceData(keptModule)))
		return at >= begin && at+uintptr(len(b)) <= begin+uintptr(len(keptModule))
	}
	require.True(t, within(kept.DataSection[2].Init))
	require.True(t, within(kept.CustomSections[0].Data))
	require.False(t, within(copied.DataSection[2].Init))
	require.False(t, within(copied.CustomSections[0].Data))
	require.Equal(t, 5, cap(kept.DataSection[2].Init)) // nobody appends to what follows

	// Wherever the bytes end, both say so, or neither.
	for n := range keptModule {
		_, one := decodeKept(keptModule[:n], false)
		_, other := decodeKept(keptModule[:n], true)
		require.Equal(t, one == nil, other == nil)
	}
	// Whatever a byte becomes, both take it for the same, or refuse it.
	for i := range keptModule {
		for _, flip := range []byte{1, 4, 0x80, 0xff} {
			damaged := append([]byte(nil), keptModule...)
			damaged[i] ^= flip
			one, err := decodeKept(damaged, false)
			other, errOther := decodeKept(damaged, true)
			if err == nil && errOther == nil {
				require.Equal(t, one.DataSection, other.DataSection)
				require.Equal(t, one.CustomSections, other.CustomSections)
			} else {
				require.Equal(t, err == nil, errOther == nil)
			}
		}
	}
}

package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

func TestWhatTheHostMakes(t *testing.T) {
	// "f" calls element 0 of the table, adds the global and what the memory has at 0; "seven" is what is put there.
	number := rawwasm.Type(nil, []byte{rawwasm.I32})
	code := []byte{0x41, 0, 0x11, 0, 0, 0x23, 0, 0x6a, 0x41, 0, 0x28, 2, 0, 0x6a}
	guest := rawwasm.Module(rawwasm.Section(rawwasm.Types, number),
		rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("a", "m", []byte{2, 1, 1, 3}), rawwasm.Bytes("a", "t", []byte{1, rawwasm.FuncRef, 0, 1}),
			rawwasm.Bytes("a", "g", []byte{3, rawwasm.I32, 1})),
		rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)), rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, code)))
	other := rawwasm.Module(rawwasm.Section(rawwasm.Types, number), rawwasm.Section(rawwasm.Funcs, []byte{0}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("seven", byte(0), 0)), rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x41, 7})))
	ctx := context.Background()
	for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfigInterpreter(), wazero.NewRuntimeConfig()} {
		r := wazero.NewRuntimeWithConfig(ctx, config)
		memory, err := nodehost.MakeMemory(ctx, r, 1, 1, 3, true, false)
		require.NoError(t, err)
		three := uint32(3)
		tableOwner, err := nodehost.MakeTable(ctx, r, rawwasm.FuncRef, 1, &three)
		require.NoError(t, err)
		global, err := nodehost.MakeGlobal(ctx, r, api.ValueTypeI32, true, 30, 0)
		require.NoError(t, err)
		externs := []nodehost.Extern{{Module: memory}, {Module: tableOwner}, {Module: global}}
		m, err := r.InstantiateWithConfig(nodehost.WithExterns(ctx, externs), guest, wazero.NewModuleConfig().WithName(""))
		require.NoError(t, err)
		seven, err := r.InstantiateWithConfig(ctx, other, wazero.NewModuleConfig().WithName(""))
		require.NoError(t, err)

		table, ok := nodehost.ExportedTable(tableOwner, "")
		require.True(t, ok)
		word := nodehost.ReferenceTo(seven, 0)
		require.Zero(t, nodehost.ReferenceTo(seven, 1))
		require.False(t, table.Fill(1, 1, uint64(word)))
		require.False(t, table.Fill(1, 0xffffffff, uint64(word)))
		require.True(t, table.Fill(0, 1, uint64(word)))
		require.True(t, memory.Memory().WriteUint32Le(0, 200))
		res, err := m.ExportedFunction("f").Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(237), res[0])
		global.ExportedGlobal("").(api.MutableGlobal).Set(31)
		_, ok = memory.Memory().Grow(2) // it moves
		require.True(t, ok)
		res, err = m.ExportedFunction("f").Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(238), res[0])

		was, ok := table.Grow(2)
		require.True(t, ok && was == 1)
		_, ok = table.Grow(1)
		require.False(t, ok)
		got, ok := table.Get(0)
		require.True(t, ok && got == word)
		_, ok = table.Get(3)
		require.False(t, ok)
		of, plain := table.Type()
		require.True(t, plain && of == rawwasm.FuncRef)

		tag, err := nodehost.MakeTag(ctx, r, []api.ValueType{api.ValueTypeI32, api.ValueTypeI64})
		require.NoError(t, err)
		_, types := nodehost.ExportedTag(tag, "")
		require.Equal(t, []api.ValueType{api.ValueTypeI32, api.ValueTypeI64}, types)
		_, err = nodehost.MakeTable(nodehost.WithMaxTableElements(ctx, 9, nil), r, api.ValueTypeExternref, 10, nil)
		require.EqualError(t, err, "table[0] needs 10 elements, more than the limit of 9")

		// By index, exported or not; what is not there is refused.
		for i, source := range [][]nodehost.Extern{{{Module: memory, ByIndex: true}, externs[1], externs[2]}, {{Module: tableOwner, ByIndex: true}, externs[1], externs[2]}} {
			_, err = r.InstantiateWithConfig(nodehost.WithExterns(ctx, source), guest, wazero.NewModuleConfig().WithName(""))
			require.Equal(t, i == 0, err == nil)
		}
		require.NoError(t, memory.Close(ctx))
		require.NoError(t, r.Close(ctx))
		_, err = nodehost.MakeTag(ctx, r, nil)
		require.Error(t, err)
	}
}

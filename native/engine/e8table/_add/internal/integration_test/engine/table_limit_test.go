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

func TestTableLimit(t *testing.T) {
	// grow (param i32) (result i32) of its table, which it exports; an importer grows the same one.
	grow := rawwasm.Func(nil, []byte{0xd0, 0x70, 0x20, 0, 0xfc, 15, 0})
	types := rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32}))
	owner := rawwasm.Module(types, rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Tables, []byte{rawwasm.FuncRef, 0, 10}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("table", byte(1), 0), rawwasm.Bytes("grow", byte(0), 0)), rawwasm.Section(rawwasm.Code, grow))
	importer := rawwasm.Module(types, rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("owner", "table", []byte{1, rawwasm.FuncRef, 0, 0})),
		rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("grow", byte(0), 0)), rawwasm.Section(rawwasm.Code, grow))
	ctx := context.Background()
	for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfigInterpreter(), wazero.NewRuntimeConfig()} {
		r := wazero.NewRuntimeWithConfig(ctx, config)
		_, err := r.Instantiate(nodehost.WithMaxTableElements(ctx, 9, nil), owner)
		require.EqualError(t, err, "table[0] needs 10 elements, more than the limit of 9")
		a, err := r.InstantiateWithConfig(nodehost.WithMaxTableElements(ctx, 1000, nil), owner, wazero.NewModuleConfig().WithName("owner"))
		require.NoError(t, err)
		b, err := r.Instantiate(ctx, importer)
		require.NoError(t, err)
		grow := func(m api.Module, by uint64) uint64 {
			res, err := m.ExportedFunction("grow").Call(ctx, by)
			require.NoError(t, err)
			return res[0]
		}
		for _, step := range []struct {
			m        api.Module
			by, want uint64
		}{{a, 500, 10}, {b, 491, 1<<32 - 1}, {a, 1 << 31, 1<<32 - 1}, {b, 490, 510}, {a, 1, 1<<32 - 1}, {a, 0, 1000}} {
			require.Equal(t, step.want, grow(step.m, step.by))
		}
		unlimited, err := r.InstantiateWithConfig(ctx, owner, wazero.NewModuleConfig().WithName("other"))
		require.NoError(t, err)
		require.Equal(t, uint64(10), grow(unlimited, 100000))
		require.NoError(t, r.Close(ctx))
	}
}

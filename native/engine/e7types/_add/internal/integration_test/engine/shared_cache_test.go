package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// A module compiled in one runtime runs in another that has met other types before.
func TestCompiledModuleOfAnotherRuntime(t *testing.T) {
	ctx := context.Background()
	guest := rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I64}, []byte{rawwasm.I64})),
		rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("h", "f", byte(0), 0)),
		rawwasm.Section(rawwasm.Funcs, []byte{0}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1)),
		rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0, 0x10, 0})),
	)
	for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfigInterpreter(), wazero.NewRuntimeConfig()} {
		cache := wazero.NewCompilationCache()
		config = config.WithCompilationCache(cache)
		a, b := wazero.NewRuntimeWithConfig(ctx, config), wazero.NewRuntimeWithConfig(ctx, config)
		compiled, err := a.CompileModule(ctx, guest)
		require.NoError(t, err)
		_, err = b.NewHostModuleBuilder("h").
			NewFunctionBuilder().WithFunc(func(float32) {}).Export("other").
			NewFunctionBuilder().WithFunc(func(x uint64) uint64 { return x + 1 }).Export("f").Instantiate(ctx)
		require.NoError(t, err)
		m, err := b.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
		require.NoError(t, err)
		res, err := m.ExportedFunction("f").Call(ctx, 41)
		require.NoError(t, err)
		require.Equal(t, uint64(42), res[0])
		require.NoError(t, a.Close(ctx))
		require.NoError(t, b.Close(ctx))
		require.NoError(t, cache.Close(ctx))
	}
}

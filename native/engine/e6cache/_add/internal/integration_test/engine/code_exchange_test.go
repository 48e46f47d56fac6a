package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// madeCode compiles and returns copies of what a host would keep.
func madeCode(t *testing.T, r wazero.Runtime, module []byte, workers int) (data, code []byte) {
	t.Helper()
	x := &nodehost.Exchange{ID: [32]byte{1}, Compiled: func(d, c []byte) { data, code = append(data, d...), append(code, c...) }}
	ctx := experimental.WithCompilationWorkers(context.Background(), workers)
	compiled, err := r.CompileModule(nodehost.WithExchange(ctx, x), module)
	require.NoError(t, err)
	require.NoError(t, compiled.Close(ctx))
	require.NotEqual(t, 0, len(code))
	return data, code
}

func TestCodeExchange(t *testing.T) {
	if !platform.CompilerSupported() {
		t.Skip("no native code")
	}
	ctx := context.Background()
	module := rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32})),
		rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{0}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1)),
		rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0, 0x41, 2, 0x6c}), rawwasm.Func(nil, []byte{0x20, 0, 0x10, 0, 0x41, 1, 0x6a})),
	)
	newRuntime := func() wazero.Runtime { return wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler()) }
	first := newRuntime()
	defer first.Close(ctx)
	data, code := madeCode(t, first, module, 1)

	second := newRuntime()
	defer second.Close(ctx)
	id := [32]byte{2}
	require.False(t, nodehost.HasCode(second, id))
	_, err := second.CompileModule(nodehost.WithExchange(ctx, &nodehost.Exchange{ID: id, Verified: true}), module)
	require.ErrorIs(t, err, nodehost.ErrNoCode)

	// Data that is not whole is an error, and the segment stays the host's.
	for n := range len(data) {
		segment, err := nodehost.NewCodeSegment(len(code))
		require.NoError(t, err)
		x := &nodehost.Exchange{ID: id, Verified: true, Data: data[:n], Code: segment}
		_, err = second.CompileModule(nodehost.WithExchange(ctx, x), module)
		require.Error(t, err)
		require.False(t, x.Taken)
		nodehost.FreeCodeSegment(segment)
	}
	require.False(t, nodehost.HasCode(second, id))

	segment, err := nodehost.NewCodeSegment(len(code))
	require.NoError(t, err)
	copy(segment, code)
	x := &nodehost.Exchange{ID: id, Verified: true, Data: data, Code: segment}
	compiled, err := second.CompileModule(nodehost.WithExchange(ctx, x), module)
	require.NoError(t, err)
	require.True(t, x.Taken)
	require.True(t, nodehost.HasCode(second, id))
	// Once more, from memory.
	again, err := second.CompileModule(nodehost.WithExchange(ctx, &nodehost.Exchange{ID: id, Verified: true}), module)
	require.NoError(t, err)
	require.NoError(t, compiled.Close(ctx))
	m, err := second.InstantiateModule(ctx, again, wazero.NewModuleConfig())
	require.NoError(t, err)
	results, err := m.ExportedFunction("f").Call(ctx, 20)
	require.NoError(t, err)
	require.Equal(t, uint64(41), results[0])
	require.NoError(t, again.Close(ctx))
	require.False(t, nodehost.HasCode(second, id))
}

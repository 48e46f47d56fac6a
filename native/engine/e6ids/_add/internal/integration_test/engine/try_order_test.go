package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Numbers of try_tables are in the code: it must be the same whoever of several workers comes first.
func TestCodeWithTryTablesIsTheSameTwice(t *testing.T) {
	if !platform.CompilerSupported() {
		t.Skip("no native code")
	}
	// Function 0 throws tag 0. The others catch it, in the inner of two try_tables, with a third one in code that is never reached;
	// function i has i%3 more before that, without a clause.
	const functions = 60
	funcs, bodies, exports := [][]byte{{0}}, [][]byte{rawwasm.Func(nil, []byte{0x08, 0})}, [][]byte{}
	for i := byte(1); i < functions; i++ {
		body := []byte{}
		for range i % 3 {
			body = append(body, 0x1f, 0x40, 0, 0x0b)
		}
		body = append(body, 0x02, 0x40) // (block
		body = append(body, catchAll...)
		body = append(body, 0x02, 0x40)
		body = append(body, 0x1f, 0x40, 1, 0, 0, 0) // (try_table (catch 0 0)
		body = append(body, 0x10, 0, 0x0b, 0x00)    // call $throw) unreachable
		body = append(body, catchAll...)
		body = append(body, 0x0b, 0x00, 0x0b, 0x0b, 0x0b)
		body = append(body, 0x41, i) // i32.const i, below 64
		funcs, bodies = append(funcs, []byte{1}), append(bodies, rawwasm.Func(nil, body))
		exports = append(exports, rawwasm.Bytes(string('A'+rune(i)), byte(0), i))
	}
	module := rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type(nil, nil), rawwasm.Type(nil, []byte{rawwasm.I32})),
		rawwasm.Section(rawwasm.Funcs, funcs...),
		rawwasm.Section(rawwasm.Tags, []byte{0, 0}),
		rawwasm.Section(rawwasm.Exports, exports...),
		rawwasm.Section(rawwasm.Code, bodies...),
	)
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExceptionHandling))
	defer r.Close(ctx)
	data, code := madeCode(t, r, module, 1)
	for round := range 20 {
		otherData, otherCode := madeCode(t, r, module, 2+round%3)
		require.Equal(t, data, otherData)
		require.Equal(t, code, otherCode)
	}
	m, err := r.InstantiateWithConfig(experimental.WithCompilationWorkers(ctx, 3), module, wazero.NewModuleConfig())
	require.NoError(t, err)
	for i := 1; i < functions; i++ {
		results, err := m.ExportedFunction(string('A' + rune(i))).Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(i), results[0])
	}
}

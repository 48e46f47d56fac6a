package adhoc

import (
	"context"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// Unwinding from the deepest recursion takes its time for each level, not for each level the way from the top.
func TestInterpreterUnwinds(t *testing.T) {
	types := rawwasm.Section(rawwasm.Types, rawwasm.Type(nil, nil))
	module := func(body ...byte) []byte {
		return rawwasm.Module(types, rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Tags, rawwasm.Bytes(byte(0), 0)),
			rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)), rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, body)))
	}
	endless := module(0x10, 0) // (func $f (call $f))
	// (func $f (block $h (try_table (catch $e $h) (call $f)))): what unwinds is no exception
	catching := module(0x02, 0x40, 0x1f, 0x40, 1, 0, 0, 0, 0x10, 0, 0x0b, 0x0b)

	features := api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features))
	defer r.Close(context.Background())
	fastest := func(ctx context.Context, binary []byte) time.Duration {
		m, err := r.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().WithName(""))
		require.NoError(t, err)
		best := time.Hour
		for range 5 {
			began := time.Now()
			_, err = m.ExportedFunction("f").Call(ctx)
			best = min(best, time.Since(began))
			require.ErrorIs(t, err, wasmruntime.ErrRuntimeStackOverflow)
		}
		return best
	}
	plain := fastest(context.Background(), endless)
	for _, other := range []time.Duration{
		fastest(experimental.WithSnapshotter(context.Background()), endless),
		fastest(context.Background(), catching),
	} {
		require.True(t, other < 100*plain) // upstream: 2,000 times
	}
}

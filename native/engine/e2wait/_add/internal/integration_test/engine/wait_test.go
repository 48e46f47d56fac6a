package adhoc

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// wait32, wait64: (param $address i32) (param $expected i64) (param $timeout i64) (result i32); notify: the number woken
// of at most 10 at address 8.
var waitModule = rawwasm.Module(
	rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32, rawwasm.I64, rawwasm.I64}, []byte{rawwasm.I32}), rawwasm.Type(nil, []byte{rawwasm.I32})),
	rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{0}, []byte{1}),
	rawwasm.Section(rawwasm.Memories, []byte{3, 1, 1}),
	rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("wait32", byte(0), 0), rawwasm.Bytes("wait64", byte(0), 1), rawwasm.Bytes("notify", byte(0), 2)),
	rawwasm.Section(rawwasm.Code,
		rawwasm.Func(nil, []byte{0x20, 0, 0x20, 1, 0xa7, 0x20, 2, 0xfe, 0x01, 2, 0}),
		rawwasm.Func(nil, []byte{0x20, 0, 0x20, 1, 0x20, 2, 0xfe, 0x02, 3, 0}),
		rawwasm.Func(nil, []byte{0x41, 8, 0x41, 10, 0xfe, 0x00, 2, 0}),
	),
)

func TestWaitWithControl(t *testing.T) {
	configs := map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter()}
	if platform.CompilerSupported() {
		configs["compiler"] = wazero.NewRuntimeConfigCompiler()
	}
	for engine, config := range configs {
		ctx := context.Background()
		r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesThreads))
		m, err := r.Instantiate(ctx, waitModule)
		require.NoError(t, err)
		notify := func() uint64 {
			res, err := m.ExportedFunction("notify").Call(ctx)
			require.NoError(t, err)
			return res[0]
		}
		wakeOne := func() {
			for notify() == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		for _, name := range []string{"wait32", "wait64"} {
			f := m.ExportedFunction(name)
			const forever = 1<<64 - 1
			call := func(ctx context.Context, expected, timeout uint64) (uint64, error) {
				res, err := f.Call(ctx, 8, expected, timeout)
				if err != nil {
					return 0, err
				}
				return res[0], nil
			}
			t.Run(engine+"/"+name, func(t *testing.T) {
				var stop atomic.Value // of chan struct{}
				stop.Store(make(chan struct{}))
				waits := 0
				var end error
				c := nodehost.NewControl(func() error { return end }, func(until func(<-chan struct{})) {
					waits++
					done := make(chan struct{})
					go func() { // a host may wait elsewhere
						defer close(done)
						until(stop.Load().(chan struct{}))
					}()
					<-done
				})
				for _, ctx := range []context.Context{ctx, nodehost.WithControl(ctx, c)} {
					res, err := call(ctx, 1, forever)
					require.NoError(t, err)
					require.Equal(t, uint64(1), res)
					res, err = call(ctx, 0, 1000)
					require.NoError(t, err)
					require.Equal(t, uint64(2), res)
					go wakeOne()
					res, err = call(ctx, 0, forever)
					require.NoError(t, err)
					require.Equal(t, uint64(0), res)
				}
				require.Equal(t, 2, waits)
				controlled := nodehost.WithControl(ctx, c)

				// A stop and a tick that lets the guest go on: it still waits.
				time.AfterFunc(5*time.Millisecond, func() {
					c.Interrupt()
					close(stop.Swap(make(chan struct{})).(chan struct{}))
					time.AfterFunc(5*time.Millisecond, wakeOne)
				})
				res, err := call(controlled, 0, forever)
				require.NoError(t, err)
				require.Equal(t, uint64(0), res)

				// A stop and a tick that ends the call.
				end = errors.New("enough")
				time.AfterFunc(5*time.Millisecond, func() {
					c.Interrupt()
					close(stop.Load().(chan struct{}))
				})
				_, err = call(controlled, 0, forever)
				require.ErrorIs(t, err, end)
				require.Zero(t, notify()) // it waits no more

				// A host that ends the call itself.
				_, err = call(nodehost.WithControl(ctx, nodehost.NewControl(nil, func(func(<-chan struct{})) { panic(end) })), 0, forever)
				require.ErrorIs(t, err, end)
				require.Zero(t, notify())
			})
		}
		require.NoError(t, r.Close(ctx))
	}
}

//go:build unix

// Package stress runs guests while everything happens that native code outside of Go's scheduler could get wrong.
package stress

import (
	"context"
	"errors"
	"math/rand"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

const features = api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling

// stressTime is WAZERO_STRESS_SECONDS, or 2 seconds.
func stressTime() time.Duration {
	if s, err := strconv.Atoi(os.Getenv("WAZERO_STRESS_SECONDS")); err == nil {
		return time.Duration(s) * time.Second
	}
	return 2 * time.Second
}

// Guests whose results are known call, trap, throw, grow their memories and stacks, go back to snapshots and panic in host
// functions that call them again, while the collector runs all the time and signals arrive.
func TestStress(t *testing.T) {
	if !platform.CompilerSupported() {
		t.Skip("no native code")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	usr2 := make(chan os.Signal, 1)
	signal.Notify(usr2, syscall.SIGUSR2)
	defer signal.Stop(usr2)

	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
	defer r.Close(ctx)
	_, err := r.NewHostModuleBuilder("h").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostCall), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).Export("call").
		Instantiate(ctx)
	require.NoError(t, err)
	compiled, err := r.CompileModule(ctx, guest)
	require.NoError(t, err)

	var stop atomic.Bool
	var wg sync.WaitGroup
	run := func(f func()) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for !stop.Load() {
				f()
			}
		}()
	}
	for seed := range 4 {
		random := rand.New(rand.NewSource(int64(seed)))
		run(func() {
			m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
			require.NoError(t, err)
			w := &worker{t: t, ctx: ctx, module: m, random: random}
			for i := 0; i < 300 && !stop.Load(); i++ {
				w.step()
			}
			require.NoError(t, m.Close(ctx))
		})
	}
	collections := 0
	run(func() { runtime.GC(); collections++ })
	run(func() { // would see its own objects overwritten
		const n = 200
		var objects [n]*[64]uint64
		for i := range objects {
			objects[i] = new([64]uint64)
			for j := range objects[i] {
				objects[i][j] = uint64(i)<<32 | uint64(j)
			}
		}
		runtime.Gosched()
		for i, o := range objects {
			for j, v := range o {
				require.Equal(t, uint64(i)<<32|uint64(j), v)
			}
		}
	})
	run(func() {
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGURG))
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2))
		time.Sleep(50 * time.Microsecond)
	})
	time.Sleep(stressTime())
	stop.Store(true)
	wg.Wait()
	require.True(t, collections > 1)
}

var errHost = errors.New("host")

// conversation is what a call wants of the host function that it reaches.
type conversation struct {
	module    api.Module
	panics    bool
	nested    uint64 // depth of another call made inside, or 0
	snapshot  bool
	restored  bool
	snapshots experimental.Snapshot
}

type conversationKey struct{}

// hostCall returns 3x+1.
func hostCall(ctx context.Context, m api.Module, stack []uint64) {
	c := ctx.Value(conversationKey{}).(*conversation)
	x := stack[0]
	if c.module != m {
		panic("expected the module of the call but received another")
	}
	garbage := make([][]byte, 20)
	for i := range garbage {
		garbage[i] = make([]byte, 100*i)
	}
	runtime.KeepAlive(garbage)
	if c.panics {
		panic(errHost)
	}
	if c.nested > 0 {
		inner := &conversation{module: m}
		res, err := m.ExportedFunction("recurse").Call(context.WithValue(ctx, conversationKey{}, inner), c.nested, 1)
		if err != nil || res[0] != recurse(c.nested, 1) {
			panic("a nested call went wrong")
		}
	}
	if c.snapshot {
		c.snapshot = false
		c.snapshots = experimental.GetSnapshotter(ctx).Snapshot()
		c.restored = true
		c.snapshots.Restore([]uint64{3*x + 1})
	}
	stack[0] = 3*x + 1
}

func recurse(depth, x uint64) uint64 {
	if depth == 0 {
		return 3*x + 1
	}
	return recurse(depth-1, x+depth) ^ depth
}

func work(n, x uint64) uint64 {
	for range n {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

type worker struct {
	t      *testing.T
	ctx    context.Context
	module api.Module
	random *rand.Rand
	pages  uint64
}

func (w *worker) step() {
	c := &conversation{module: w.module}
	ctx := context.WithValue(w.ctx, conversationKey{}, c)
	call := func(name string, params ...uint64) (uint64, error) {
		res, err := w.module.ExportedFunction(name).Call(ctx, params...)
		if err != nil {
			return 0, err
		}
		return res[0], nil
	}
	depth, x := uint64(w.random.Intn(3000)), w.random.Uint64()
	switch w.random.Intn(8) {
	case 0:
		res, err := call("work", depth*10, x)
		require.NoError(w.t, err)
		require.Equal(w.t, work(depth*10, x), res)
	case 1:
		c.nested = uint64(w.random.Intn(1000))
		res, err := call("recurse", depth, x)
		require.NoError(w.t, err)
		require.Equal(w.t, recurse(depth, x), res)
	case 2:
		c.panics = true
		_, err := call("recurse", depth, x)
		require.ErrorIs(w.t, err, errHost)
	case 3:
		c.snapshot = true
		ctx = experimental.WithSnapshotter(ctx)
		res, err := call("recurse", depth, x)
		require.NoError(w.t, err)
		require.Equal(w.t, recurse(depth, x), res)
		require.True(w.t, c.restored)
	case 4:
		res, err := call("grow", 0, x)
		require.NoError(w.t, err)
		w.pages++
		require.Equal(w.t, x+w.pages, res)
	case 5:
		_, err := call("trap", depth, x)
		require.ErrorIs(w.t, err, wasmruntime.ErrRuntimeUnreachable)
	case 6:
		res, err := call("throw", depth, x)
		require.NoError(w.t, err)
		require.Equal(w.t, x+depth*(depth+1)/2, res)
	case 7:
		if w.random.Intn(20) == 0 {
			_, err := call("recurse", 1<<40, x)
			require.ErrorIs(w.t, err, wasmruntime.ErrRuntimeStackOverflow)
		}
	}
}

// All functions but the first, the import, are (param i64 i64) (result i64).
var guest = func() []byte {
	i64, i64i64 := []byte{rawwasm.I64}, []byte{rawwasm.I64, rawwasm.I64}
	minusOne := []byte{0x20, 0, 0x42, 1, 0x7d}
	return rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type(i64, i64), rawwasm.Type(i64i64, i64), rawwasm.Type(i64, nil)),
		rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("h", "call", byte(0), 0)),
		rawwasm.Section(rawwasm.Funcs, []byte{1}, []byte{1}, []byte{1}, []byte{1}, []byte{1}, []byte{1}, []byte{1}),
		rawwasm.Section(rawwasm.Memories, []byte{0, 1}),
		rawwasm.Section(rawwasm.Tags, []byte{0, 2}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("memory", byte(2), 0), rawwasm.Bytes("work", byte(0), 1),
			rawwasm.Bytes("recurse", byte(0), 2), rawwasm.Bytes("grow", byte(0), 3), rawwasm.Bytes("trap", byte(0), 4),
			rawwasm.Bytes("throw", byte(0), 5), rawwasm.Bytes("spin", byte(0), 6)),
		rawwasm.Section(rawwasm.Code,
			// work(n, x): while n != 0 { x = x * a + b; n -= 1 }; x
			rawwasm.Func(nil, []byte{0x02, 0x40, 0x03, 0x40, 0x20, 0, 0x50, 0x0d, 1, 0x20, 1, 0x42}, int64(6364136223846793005),
				[]byte{0x7e, 0x42}, int64(1442695040888963407), []byte{0x7c, 0x21, 1}, minusOne, []byte{0x21, 0, 0x0c, 0, 0x0b, 0x0b, 0x20, 1}),
			// recurse(n, x): n == 0 ? call(x) : recurse(n-1, x+n) ^ n
			rawwasm.Func(nil, []byte{0x20, 0, 0x50, 0x04, 0x7e, 0x20, 1, 0x10, 0, 0x05}, minusOne,
				[]byte{0x20, 1, 0x20, 0, 0x7c, 0x10, 2, 0x20, 0, 0x85, 0x0b}),
			// grow(_, x): n = memory.grow 1; store x at the first byte of the new page; load it + n
			rawwasm.Func(i64, []byte{0x41, 1, 0x40, 0, 0xad, 0x21, 2, 0x20, 2, 0xa7, 0x41, 16, 0x74, 0x20, 1, 0x37, 0, 0,
				0x20, 2, 0xa7, 0x41, 16, 0x74, 0x29, 0, 0, 0x20, 2, 0x7c}),
			// trap(n, x): n == 0 ? unreachable : trap(n-1, x)
			rawwasm.Func(nil, []byte{0x20, 0, 0x50, 0x04, 0x40, 0x00, 0x0b}, minusOne, []byte{0x20, 1, 0x10, 4}),
			// throw(n, x): what rethrow(n, x) throws
			rawwasm.Func(nil, []byte{0x02, 0x7e, 0x1f, 0x40, 1, 0, 0, 0, 0x20, 0, 0x20, 1, 0x10, 7, 0x1a, 0x0b, 0x00, 0x0b}),
			// spin(n, address): for up to n turns, while the i32 at address is 0, having stored 1 behind it
			rawwasm.Func(nil, []byte{0x20, 1, 0xa7, 0x41, 1, 0x36, 0, 4, 0x03, 0x40, 0x20, 1, 0xa7, 0x28, 0, 0, 0x45, 0x04, 0x40},
				minusOne, []byte{0x22, 0, 0x42, 0, 0x52, 0x0d, 1, 0x0b, 0x0b, 0x20, 0}),
			// rethrow(n, x): n == 0 ? throw x : throw what rethrow(n-1, x) throws + n
			rawwasm.Func(nil, []byte{0x20, 0, 0x50, 0x04, 0x40, 0x20, 1, 0x08, 0, 0x0b, 0x02, 0x7e, 0x1f, 0x40, 1, 0, 0, 0}, minusOne,
				[]byte{0x20, 1, 0x10, 7, 0x1a, 0x0b, 0x00, 0x0b, 0x20, 0, 0x7c, 0x08, 0}),
		),
	)
}()

// With one P, a looping guest keeps nobody from running, nor the collector.
func TestCollectorDoesNotWaitForGuest(t *testing.T) {
	if !platform.CompilerSupported() {
		t.Skip("no native code")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
	defer r.Close(ctx)
	_, err := r.NewHostModuleBuilder("h").
		NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(hostCall), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).Export("call").
		Instantiate(ctx)
	require.NoError(t, err)
	m, err := r.Instantiate(ctx, guest)
	require.NoError(t, err)
	memory, ok := m.Memory().Read(0, 8)
	require.True(t, ok)
	stop, started := (*atomic.Uint32)(unsafe.Pointer(&memory[0])), (*atomic.Uint32)(unsafe.Pointer(&memory[4]))
	ended := make(chan uint64, 1)
	go func() {
		res, err := m.ExportedFunction("spin").Call(ctx, 3_000_000_000, 0) // some seconds, should nobody stop it
		require.NoError(t, err)
		ended <- res[0]
	}()
	for started.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for range 10 {
		runtime.GC()
	}
	stop.Store(1)
	require.True(t, <-ended > 0) // it was still running
}

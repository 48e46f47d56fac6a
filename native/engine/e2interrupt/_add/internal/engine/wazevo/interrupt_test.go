package wazevo_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	. "github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/sys"
)

const interruptFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall

var bg = context.Background()

// world is a runtime with the host module that guests import.
type world struct {
	wazero.Runtime
	host func(ctx context.Context, m api.Module, v uint64) uint64
}

func newWorld(t testing.TB, config wazero.RuntimeConfig) *world {
	w := &world{Runtime: wazero.NewRuntimeWithConfig(bg, config.WithCoreFeatures(interruptFeatures))}
	t.Cleanup(func() { w.Close(bg) })
	_, err := w.NewHostModuleBuilder("env").NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, m api.Module, stack []uint64) {
			if w.host != nil {
				stack[0] = w.host(ctx, m, stack[0])
			} else {
				stack[0] = stack[0]*5 + 1
			}
		}), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).Export("h").Instantiate(bg)
	require.NoError(t, err)
	return w
}

func compiler(loops bool) wazero.RuntimeConfig {
	return wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(loops)
}

func (w *world) guest(t testing.TB, wasm []byte) api.Module {
	m, err := w.InstantiateWithConfig(bg, wasm, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	return m
}

// overwrite leaves its marks in as many registers as portable Go code reaches.
func overwrite(n int) byte {
	block, _ := aes.NewCipher(make([]byte, 16))
	gcm, _ := cipher.NewGCM(block)
	sealed := gcm.Seal(nil, make([]byte, 12), make([]byte, 256), nil)
	s, m := sha256.Sum256(sealed), md5.Sum(sealed)
	return s[n&31] ^ m[n&15]
}

// constantly makes every poll leave to Go.
func constantly(polls *int) *nodehost.Control {
	var c *nodehost.Control
	c = nodehost.NewControl(func() error {
		overwrite(*polls)
		*polls++
		c.Interrupt()
		return nil
	}, nil)
	c.Interrupt()
	return c
}

func TestInterrupt_resumes(t *testing.T) {
	guests := map[string][]byte{"deep recursion": deep}
	for name, wasm := range kernels {
		guests[name] = wasm
	}
	for _, calls := range []bool{false, true} {
		for _, n := range []int{3, 8, 14, 16, 22, 44} {
			guests[fmt.Sprintf("%d live i64, calls %v", n, calls)] = pressure(I64, n, calls)
		}
		for _, n := range []int{8, 15, 24, 40} {
			guests[fmt.Sprintf("%d live f64, calls %v", n, calls)] = pressure(F64, n, calls)
			guests[fmt.Sprintf("%d live v128, calls %v", n, calls)] = pressure(V128, n, calls)
		}
	}
	reference := newWorld(t, wazero.NewRuntimeConfigInterpreter())
	interrupted := newWorld(t, compiler(true))
	total := 0
	for name, wasm := range guests {
		t.Run(name, func(t *testing.T) {
			ns := []uint64{1, 2, 150}
			if name == "fib" {
				ns = []uint64{1, 2, 17}
			}
			for _, n := range ns {
				expected, err := reference.guest(t, wasm).ExportedFunction("f").Call(bg, n)
				require.NoError(t, err)
				f := interrupted.guest(t, wasm).ExportedFunction("f")
				polls := 0
				actual, err := f.Call(nodehost.WithControl(bg, constantly(&polls)), n)
				require.NoError(t, err)
				require.Equal(t, expected, actual)
				require.True(t, uint64(polls) >= n)
				total += polls
			}
		})
	}
	t.Logf("%d polls resumed", total)
}

// Stacks grow while every function entry is interrupted, too.
func TestInterrupt_growth(t *testing.T) {
	w := newWorld(t, compiler(false))
	for _, wasm := range [][]byte{deep, kernels["stack arguments, recursive"]} {
		for _, n := range []uint64{10, 1000, 20000} {
			expected, err := w.guest(t, wasm).ExportedFunction("f").Call(bg, n)
			require.NoError(t, err)
			polls := 0
			actual, err := w.guest(t, wasm).ExportedFunction("f").Call(nodehost.WithControl(bg, constantly(&polls)), n)
			require.NoError(t, err)
			require.Equal(t, expected, actual)
			require.True(t, polls > int(n))
		}
	}
}

// A stack that cannot grow any more ends the call, and the function works afterwards.
func TestInterrupt_overflow(t *testing.T) {
	w := newWorld(t, compiler(true))
	f := w.guest(t, deep).ExportedFunction("f")
	_, err := f.Call(bg, 1<<40)
	require.EqualError(t, err, "stack overflow")
	polls := 0
	expected, err := f.Call(bg, 50)
	require.NoError(t, err)
	actual, err := f.Call(nodehost.WithControl(bg, constantly(&polls)), 50)
	require.NoError(t, err)
	require.Equal(t, expected, actual)
}

var errStopped = errors.New("stopped")

const soon = 20 * time.Second // generous: machines under test are loaded, emulated, or both

func within(t testing.TB, what string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(soon):
		buf := make([]byte, 1<<16)
		t.Fatalf("%s did not stop\n%s", what, buf[:runtime.Stack(buf, true)])
		return nil
	}
}

func start(ctx context.Context, f api.Function, n uint64) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := f.Call(ctx, n)
		done <- err
	}()
	return done
}

func TestInterrupt_stops(t *testing.T) {
	for name, guest := range endless {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, compiler(guest.loops))
			f := w.guest(t, guest.wasm).ExportedFunction("f")
			for i := 0; i < 3; i++ {
				c := nodehost.NewControl(func() error { return errStopped }, nil)
				done := start(nodehost.WithControl(bg, c), f, 90)
				time.Sleep(5 * time.Millisecond)
				at := time.Now()
				c.Interrupt()
				err := within(t, name, done)
				require.ErrorIs(t, err, errStopped)
				require.Contains(t, err.Error(), "wasm stack trace:\n\t")
				t.Logf("stopped after %v", time.Since(at))
			}
		})
	}
}

// Upstream's ways to stop a call stop all of them, also without a loop.
func TestInterrupt_close(t *testing.T) {
	for name, guest := range endless {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, compiler(true))
			exitCode := func(stop func(cancel func(), m api.Module)) uint32 {
				m := w.guest(t, guest.wasm)
				ctx, cancel := context.WithCancel(bg)
				defer cancel()
				done := start(ctx, m.ExportedFunction("f"), 90)
				time.Sleep(2 * time.Millisecond)
				stop(cancel, m)
				var exit *sys.ExitError
				require.True(t, errors.As(within(t, name, done), &exit))
				require.True(t, m.IsClosed())
				return exit.ExitCode()
			}
			require.Equal(t, uint32(7), exitCode(func(_ func(), m api.Module) { m.CloseWithExitCode(bg, 7) }))
			require.Equal(t, sys.ExitCodeContextCanceled, exitCode(func(cancel func(), _ api.Module) { cancel() }))

			ctx, cancel := context.WithTimeout(bg, time.Millisecond)
			defer cancel()
			err := within(t, name, start(ctx, w.guest(t, guest.wasm).ExportedFunction("f"), 90))
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// Several calls of one module run; all of them stop.
func TestInterrupt_closeStopsAllCalls(t *testing.T) {
	w := newWorld(t, compiler(true))
	m := w.guest(t, endless["loop"].wasm)
	var calls []<-chan error
	for i := 0; i < 5; i++ {
		calls = append(calls, start(bg, m.ExportedFunction("f"), 1))
	}
	time.Sleep(5 * time.Millisecond)
	require.NoError(t, m.CloseWithExitCode(bg, 3))
	for _, done := range calls {
		var exit *sys.ExitError
		require.True(t, errors.As(within(t, "loop", done), &exit))
	}
}

func TestInterrupt_isKept(t *testing.T) {
	w := newWorld(t, compiler(true))
	order := ""
	control := func() *nodehost.Control {
		order = ""
		return nodehost.NewControl(func() error { order += "tick "; return nil }, nil)
	}
	f := w.guest(t, guest(fn{0, nil, "local.get 0 call 0 call 2"}, fn{0, nil, "local.get 0 call 0"})).ExportedFunction("f")

	c := control() // before the call
	c.Interrupt()
	c.Interrupt()
	w.host = func(_ context.Context, _ api.Module, v uint64) uint64 { order += "host "; return v }
	_, err := f.Call(nodehost.WithControl(bg, c), 1)
	require.NoError(t, err)
	require.Equal(t, "tick host host ", order)

	c = control() // in a host function
	w.host = func(_ context.Context, _ api.Module, v uint64) uint64 { order += "host "; c.Interrupt(); return v }
	_, err = f.Call(nodehost.WithControl(bg, c), 1)
	require.NoError(t, err)
	require.Equal(t, "host tick host ", order)
	// The last one came after the last poll and belongs to the next call.
	w.host = func(_ context.Context, _ api.Module, v uint64) uint64 { order += "host "; return v }
	_, err = f.Call(nodehost.WithControl(bg, c), 1)
	require.NoError(t, err)
	require.Equal(t, "host tick host tick host host ", order)

	c = control() // in a nested call, after its last poll: the outer guest sees it
	nested := true
	w.host = func(ctx context.Context, m api.Module, v uint64) uint64 {
		order += "host "
		if nested {
			nested = false
			_, err := m.ExportedFunction("last").Call(ctx, 1)
			require.NoError(t, err)
		} else if !strings.Contains(order, "interrupt") {
			order += "interrupt "
			c.Interrupt()
		}
		return v
	}
	_, err = f.Call(nodehost.WithControl(bg, c), 1)
	require.NoError(t, err)
	require.Equal(t, "host host interrupt tick host ", order)

	c = control() // restoring a snapshot sets the stack limit anew
	var snapshot experimental.Snapshot
	restored := false
	w.host = func(ctx context.Context, _ api.Module, v uint64) uint64 {
		order += "host "
		switch {
		case snapshot == nil:
			snapshot = experimental.GetSnapshotter(ctx).Snapshot()
		case !restored:
			restored = true
			c.Interrupt()
			snapshot.Restore([]uint64{9})
		}
		return v
	}
	results, err := f.Call(nodehost.WithControl(experimental.WithSnapshotter(bg), c), 1)
	require.NoError(t, err)
	require.Equal(t, "host host tick host ", order)
	require.Equal(t, []uint64{9}, results)
}

func TestInterrupt_startSection(t *testing.T) {
	w := newWorld(t, compiler(true))
	wasm := guestStarting(2, fn{0, nil, "local.get 0"}, fn{1, nil, "loop 0x40 br 0 end"})
	c := nodehost.NewControl(func() error { return sys.NewExitError(5) }, nil)
	done := make(chan error, 1)
	go func() {
		_, err := w.Instantiate(nodehost.WithControl(bg, c), wasm)
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	c.Interrupt()
	var exit *sys.ExitError
	require.True(t, errors.As(within(t, "start", done), &exit))
	require.Equal(t, uint32(5), exit.ExitCode())
}

// An interrupt from another thread at any time, also between calls.
func TestInterrupt_anyTime(t *testing.T) {
	w := newWorld(t, compiler(true))
	ticks := 0
	c := nodehost.NewControl(func() error { ticks++; return nil }, nil)
	ctx := nodehost.WithControl(bg, c)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				c.Interrupt()
				if i%20 == 0 {
					time.Sleep(time.Microsecond)
				}
			}
		}
	}()
	for name, n := range map[string]uint64{"fib": 15, "spin": 5000, "indirect calls": 3000, "host calls": 500, "tail calls": 500} {
		f := w.guest(t, kernels[name]).ExportedFunction("f")
		expected, err := f.Call(bg, n)
		require.NoError(t, err)
		begin, first := time.Now(), ticks
		for ticks < first+200 && time.Since(begin) < soon {
			actual, err := f.Call(ctx, n)
			require.NoError(t, err)
			require.Equal(t, expected, actual)
		}
	}
	close(stop)
	<-stopped
	require.True(t, ticks >= 5*200)
}

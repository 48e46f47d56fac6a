//go:build linux && cgo && (amd64 || arm64)

package wazevo_test

import (
	"bytes"
	"context"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/engine/wazevo"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/sigtest"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// A guest stops just above its stack limit and loops there while its thread gets signals with a handler that has no
// stack of its own. What lies before the stack stays as it was because of the headroom, and only because of it.
func TestGuestStackSignal(t *testing.T) {
	for _, tc := range []struct {
		name     string
		headroom int
		whole    bool
	}{
		{"with headroom", wazevo.StackHeadroom(), true},
		{"without headroom", 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// A canary and a stack are one allocation, so that nothing else is hit in the test without headroom.
			var canaries [][]byte
			pattern := bytes.Repeat([]byte{0xa5}, 64<<10)
			defer wazevo.SetStackMemory(tc.headroom, func(size int) []byte {
				all := make([]byte, len(pattern)+size)
				copy(all, pattern)
				canaries = append(canaries, all[:len(pattern)])
				return all[len(pattern):]
			})()

			ctx := context.Background()
			r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
			defer r.Close(ctx)
			var room uintptr
			var stop, looping atomic.Bool
			var thread sigtest.Thread
			_, err := r.NewHostModuleBuilder("h").
				NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
				room = wazevo.RoomBelow(&stack[0])
				if !looping.Load() {
					thread = sigtest.Self()
					looping.Store(true)
				}
				if stop.Load() {
					stack[0] = 0
				} else {
					stack[0] = 1
				}
			}), []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).Export("again").
				Instantiate(ctx)
			require.NoError(t, err)
			m, err := r.Instantiate(ctx, deepSpin)
			require.NoError(t, err)
			f := m.ExportedFunction("f")

			// Find the depth with the least room that the first stack still serves.
			stop.Store(true)
			depth, least := 0, uintptr(1<<20)
			for d := 1; ; d++ {
				_, err = f.Call(ctx, uint64(d))
				require.NoError(t, err)
				if room > least {
					break // it has grown
				}
				depth, least = d, room
			}
			require.True(t, least < 256)

			stop.Store(false)
			require.True(t, sigtest.Install(syscall.SIGUSR2))
			looping.Store(false)
			done := make(chan error)
			// Signals also come while the thread runs Go code between two loops, on the goroutine's own small stack, which
			// nothing protects from a handler without a stack: so it gets a large one, and no collection makes it small again.
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			go func() {
				runtime.LockOSThread() // for good: the thread ends with the goroutine
				growStack(256)
				_, err := f.Call(ctx, uint64(depth))
				done <- err
			}()
			for !looping.Load() {
				time.Sleep(time.Millisecond)
			}
			for end := time.Now().Add(5 * time.Second); sigtest.Handled() < 200 && time.Now().Before(end); {
				sigtest.Send(thread, syscall.SIGUSR2)
				time.Sleep(100 * time.Microsecond)
			}
			stop.Store(true)
			require.NoError(t, <-done)
			require.True(t, sigtest.Handled() >= 200)
			whole := true
			for _, canary := range canaries {
				whole = whole && bytes.Equal(canary, pattern)
			}
			require.Equal(t, tc.whole, whole)
		})
	}
}

// growStack makes the goroutine's stack larger than this many KiB.
//
//go:noinline
func growStack(kib int) (sum byte) {
	var frame [1024]byte
	frame[kib%len(frame)] = byte(kib)
	if kib > 0 {
		sum = growStack(kib - 1)
	}
	return sum + frame[kib%len(frame)]
}

// (func $f (export "f") (param $d i32)
//
//	(if (local.get $d)
//	  (then (call $f (i32.sub (local.get $d) (i32.const 1))))
//	  (else (loop  ;; some milliseconds of native code between two host calls
//	    (local.set $d (i32.const 1000000))
//	    (loop (br_if 0 (local.tee $d (i32.sub (local.get $d) (i32.const 1)))))
//	    (br_if 0 (call $again (i32.const 0)))))))
var deepSpin = rawwasm.Module(
	rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32}), rawwasm.Type([]byte{rawwasm.I32}, nil)),
	rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("h", "again", byte(0), 0)),
	rawwasm.Section(rawwasm.Funcs, rawwasm.Bytes(1)),
	rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1)),
	rawwasm.Section(rawwasm.Code, rawwasm.Func(nil,
		[]byte{0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x05, 0x03, 0x40, 0x41}, int64(1000000),
		[]byte{0x21, 0, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x41, 0, 0x10, 0, 0x0d, 0, 0x0b, 0x0b})),
)

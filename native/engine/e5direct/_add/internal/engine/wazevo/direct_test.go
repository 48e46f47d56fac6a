//go:build amd64 || arm64

package wazevo_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/engine/wazevo"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	. "github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/sys"
)

// directGuest has functions of type (i64) -> i64; they import h of the same type, see newWorld.
var directGuest = Module(
	Section(Types, Type([]byte{I64}, []byte{I64})),
	Section(Imports, Bytes("env", "h", byte(0), 0)),
	Section(Funcs, Bytes(0), Bytes(0), Bytes(0), Bytes(0), Bytes(0), Bytes(0)),
	Section(Memories, Bytes(byte(1), 1, 4)),
	Section(Exports, Bytes("plus", byte(0), 1), Bytes("trap", byte(0), 2), Bytes("host", byte(0), 3), Bytes("grow", byte(0), 4),
		Bytes("deep", byte(0), 5), Bytes("down", byte(0), 6), Bytes("h", byte(0), 0)),
	Section(Code,
		Func(nil, []byte{0x20, 0, 0x42, 1, 0x7c}), // local + 1
		Func(nil, []byte{0x00}),                   // unreachable
		// h(h(local)) + local: what was live across the exits is still there
		Func(nil, []byte{0x20, 0, 0x10, 0, 0x10, 0, 0x20, 0, 0x7c}),
		// memory.grow(local) + memory.size
		Func(nil, []byte{0x20, 0, 0xa7, 0x40, 0, 0x3f, 0, 0x6a, 0xad}),
		// local == 0 ? 0 : deep(local - 1) + 1
		Func(nil, []byte{0x20, 0, 0x50, 0x04, I64, 0x42, 0, 0x05, 0x20, 0, 0x42, 1, 0x7d, 0x10, 5, 0x42, 1, 0x7c, 0x0b}),
		// local == 0 ? h(trap(0)) : h(down(local - 1))
		Func(nil, []byte{0x20, 0, 0x50, 0x04, I64, 0x42, 0, 0x10, 2, 0x05, 0x20, 0, 0x42, 1, 0x7d, 0x10, 6, 0x0b, 0x10, 0}),
	))

// directCall enters a function without callWithStack, answers host calls if answer is given, and leaves the rest to it.
func directCall(t testing.TB, ctx context.Context, m api.Module, f api.Function, arg uint64, answer func([]uint64)) (uint64, error) {
	d, ok := nodehost.DirectOf(m, f)
	require.True(t, ok)
	entry, _ := d.DirectEntry()
	stack, words := make([]byte, wazevo.StackHeadroom()+1024), []uint64{arg}
	defer runtime.KeepAlive(stack)
	exit := wazevo.EnterDirect(entry, stack, &words[0])
	for exit == uint32(wazevoapi.ExitCodeCallGoModuleFunction) && answer != nil {
		exit = wazevo.AnswerDirect(entry, answer)
	}
	if exit == 0 {
		return words[0], nil
	}
	d.Lend(ctx, stack)
	defer d.TakeBack()
	err := f.CallWithStack(ctx, words)
	return words[0], err
}

// Results, errors and stack traces are those of a call through Go, on the same engine, one after another.
func TestDirectIsLikeGo(t *testing.T) {
	for _, loops := range []bool{false, true} {
		w := newWorld(t, compiler(loops))
		m := w.guest(t, directGuest)
		for _, tc := range []struct {
			name string
			arg  uint64
		}{{"plus", 41}, {"trap", 0}, {"host", 7}, {"grow", 1}, {"grow", 9}, {"deep", 10}, {"deep", 20000}, {"deep", 1 << 40}, {"down", 0}, {"down", 50}, {"down", 4000}} {
			f := m.ExportedFunction(tc.name)
			for range 3 {
				before := m.Memory().Size()
				wanted, wantedErr := []uint64{tc.arg}, error(nil)
				if tc.name != "grow" || tc.arg > 4 {
					wantedErr = f.CallWithStack(bg, wanted)
				} else if before == 4<<16 {
					continue // nothing left to grow
				} else {
					wanted[0] = uint64(before>>16)*2 + tc.arg
				}
				for _, answer := range []func([]uint64){nil, func(s []uint64) { s[0] = s[0]*5 + 1 }} {
					if tc.name == "grow" && answer != nil && tc.arg <= 4 {
						continue
					}
					got, err := directCall(t, bg, m, f, tc.arg, answer)
					if wantedErr != nil {
						require.EqualError(t, err, wantedErr.Error())
						continue
					}
					require.NoError(t, err)
					require.Equal(t, wanted[0], got)
				}
			}
		}
	}
}

func TestDirectOfOthers(t *testing.T) {
	w := newWorld(t, compiler(true))
	m := w.guest(t, directGuest)
	_, ok := nodehost.DirectOf(m, m.ExportedFunction("h")) // a host function
	require.False(t, ok)
	_, ok = nodehost.DirectOf(w.Module("env"), m.ExportedFunction("plus"))
	require.False(t, ok)
	i := newWorld(t, wazero.NewRuntimeConfigInterpreter())
	m = i.guest(t, directGuest)
	_, ok = nodehost.DirectOf(m, m.ExportedFunction("plus"))
	require.False(t, ok)
}

// An interrupt that comes while the call runs outside of Go is answered by the tick of the call that continues it.
func TestDirectInterrupt(t *testing.T) {
	w := newWorld(t, compiler(true))
	// (i64) -> i64: h, then a loop that counts the local down to 0
	m := w.guest(t, Module(
		Section(Types, Type([]byte{I64}, []byte{I64})),
		Section(Imports, Bytes("env", "h", byte(0), 0)),
		Section(Funcs, Bytes(0)),
		Section(Exports, Bytes("loop", byte(0), 1)),
		Section(Code, Func(nil, []byte{0x20, 0, 0x10, 0, 0x1a, 0x03, 0x40, 0x20, 0, 0x42, 1, 0x7d, 0x22, 0, 0x50, 0x45, 0x0d, 0, 0x0b, 0x20, 0})),
	))
	f := m.ExportedFunction("loop")
	d, _ := nodehost.DirectOf(m, f)
	for _, want := range []error{nil, sys.NewExitError(7), nil} {
		ticks := 0
		c := nodehost.NewControl(func() error { ticks++; return want }, nil)
		got, err := directCall(t, nodehost.WithControl(bg, c), m, f, 1000, func([]uint64) { c.Interrupt(); d.Interrupt() })
		require.Equal(t, 1, ticks)
		if want == nil {
			require.NoError(t, err)
			require.Equal(t, uint64(0), got)
			continue
		}
		var exit *sys.ExitError
		require.True(t, errors.As(err, &exit))
		require.Equal(t, uint32(7), exit.ExitCode())
	}
}

// A module that is closed while a host function is answered outside of Go ends the call that continues.
func TestDirectClosed(t *testing.T) {
	w := newWorld(t, compiler(true))
	m := w.guest(t, directGuest)
	_, err := directCall(t, bg, m, m.ExportedFunction("host"), 7, nil)
	require.NoError(t, err)
	w.host = func(ctx context.Context, m api.Module, v uint64) uint64 { _ = m.CloseWithExitCode(ctx, 3); return v }
	_, err = directCall(t, bg, m, m.ExportedFunction("host"), 7, nil)
	var exit *sys.ExitError
	require.True(t, errors.As(err, &exit))
	require.Equal(t, uint32(3), exit.ExitCode())
}

// A snapshot can be taken while the host function is outside of Go, and restored when Go continues.
func TestDirectSnapshot(t *testing.T) {
	w := newWorld(t, compiler(false))
	m := w.guest(t, directGuest)
	f := m.ExportedFunction("host")
	d, _ := nodehost.DirectOf(m, f)
	entry, _ := d.DirectEntry()
	ctx := experimental.WithSnapshotter(bg)
	stack, words := make([]byte, wazevo.StackHeadroom()+4096), []uint64{7}
	require.Equal(t, uint32(wazevoapi.ExitCodeCallGoModuleFunction), wazevo.EnterDirect(entry, stack, &words[0]))
	d.Lend(ctx, stack)
	snapshot := experimental.GetSnapshotter(d.WithSnapshots(ctx)).Snapshot()
	asked := 0
	w.host = func(_ context.Context, _ api.Module, v uint64) uint64 {
		if asked++; asked == 2 {
			snapshot.Restore([]uint64{100}) // as if the first call had answered 100
		}
		return v + 1
	}
	require.NoError(t, f.CallWithStack(ctx, words))
	d.TakeBack()
	require.Equal(t, uint64(101+7), words[0])
	require.Equal(t, 3, asked)
}

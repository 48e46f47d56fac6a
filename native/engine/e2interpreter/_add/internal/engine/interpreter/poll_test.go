package interpreter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/sys"
)

const endless = 1 << 62

// Each shape computes the sum of 1 to n (tree: the number of leaves of a tree of depth n).
var pollShapes = map[string]struct {
	small, big uint64
	want       uint64
	entries    bool // it polls at function entries, so also when not compiled with WithCloseOnContextDone
}{
	"loop":          {20000, endless, 20000 * 20001 / 2, false},
	"tail":          {20000, endless, 20000 * 20001 / 2, true},
	"tail_indirect": {20000, endless, 20000 * 20001 / 2, true},
	"tail_ref":      {20000, endless, 20000 * 20001 / 2, true},
	"tree":          {12, 60, 1 << 12, true},
}

func pollModule(t *testing.T, ensureTermination bool) api.Module {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCloseOnContextDone(ensureTermination).
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesTailCall|experimental.CoreFeaturesTypedFunctionReferences))
	t.Cleanup(func() { require.NoError(t, r.Close(ctx)) })
	m, err := r.Instantiate(ctx, pollGuest)
	require.NoError(t, err)
	return m
}

func TestPollResumes(t *testing.T) {
	for _, ensureTermination := range []bool{true, false} {
		m := pollModule(t, ensureTermination)
		for name, shape := range pollShapes {
			ticks := 0
			var c *nodehost.Control
			c = nodehost.NewControl(func() error {
				ticks++
				c.Interrupt()
				return nil
			}, nil)
			c.Interrupt()
			res, err := m.ExportedFunction(name).Call(nodehost.WithControl(context.Background(), c), shape.small, 0)
			require.NoError(t, err)
			require.Equal(t, shape.want, res[0])
			if ensureTermination || shape.entries {
				require.True(t, ticks > 1000, name)
			} else {
				require.Equal(t, 1, ticks, name) // its entry
			}
		}
	}
}

var errPoll = errors.New("enough")

func TestPollEnds(t *testing.T) {
	for _, ensureTermination := range []bool{true, false} {
		m := pollModule(t, ensureTermination)
		for name, shape := range pollShapes {
			if !ensureTermination && !shape.entries {
				continue
			}
			c := nodehost.NewControl(func() error { return errPoll }, nil)
			time.AfterFunc(10*time.Millisecond, c.Interrupt)
			f := m.ExportedFunction(name)
			_, err := f.Call(nodehost.WithControl(context.Background(), c), shape.big, 0)
			require.ErrorIs(t, err, errPoll)
			require.False(t, m.IsClosed())
			res, err := f.Call(context.Background(), shape.small, 0) // and can be called again
			require.NoError(t, err)
			require.Equal(t, shape.want, res[0])
		}
	}
}

func TestPollClosed(t *testing.T) {
	for name, shape := range pollShapes {
		m := pollModule(t, true)
		time.AfterFunc(10*time.Millisecond, func() { _ = m.CloseWithExitCode(context.Background(), 3) })
		_, err := m.ExportedFunction(name).Call(context.Background(), shape.big, 0)
		require.Equal(t, sys.NewExitError(3), err, name)

		m = pollModule(t, true)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err = m.ExportedFunction(name).Call(ctx, shape.big, 0)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
	}
}

// What a listener is told of a call that ends at a function entry: each Before has its Abort.
func TestPollListener(t *testing.T) {
	before, after, abort := 0, 0, 0
	l := listenerFuncs{func() { before++ }, func() { after++ }, func() { abort++ }}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesTailCall|experimental.CoreFeaturesTypedFunctionReferences))
	defer r.Close(ctx)
	compiled, err := r.CompileModule(experimental.WithFunctionListenerFactory(ctx, l), pollGuest)
	require.NoError(t, err)
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
	require.NoError(t, err)
	ticks := 0
	var c *nodehost.Control
	c = nodehost.NewControl(func() error {
		if ticks++; ticks == 9 {
			return errPoll
		}
		c.Interrupt()
		return nil
	}, nil)
	c.Interrupt()
	_, err = m.ExportedFunction("tree").Call(nodehost.WithControl(ctx, c), 60, 0)
	require.ErrorIs(t, err, errPoll)
	require.Equal(t, []int{9, 0, 9}, []int{before, after, abort})
}

type listenerFuncs struct{ before, after, abort func() }

func (l listenerFuncs) NewFunctionListener(api.FunctionDefinition) experimental.FunctionListener {
	return l
}

func (l listenerFuncs) Before(context.Context, api.Module, api.FunctionDefinition, []uint64, experimental.StackIterator) {
	l.before()
}

func (l listenerFuncs) After(context.Context, api.Module, api.FunctionDefinition, []uint64) {
	l.after()
}
func (l listenerFuncs) Abort(context.Context, api.Module, api.FunctionDefinition, error) { l.abort() }

var pollGuest = func() []byte {
	const typ = 0 // (param i64 i64) (result i64)
	// tail is (if (i64.eqz n) (then (return acc))) then call with n-1, acc+n.
	tail := func(call ...byte) []byte {
		args := []byte{0x20, 0, 0x50, 0x04, 0x40, 0x20, 1, 0x0f, 0x0b, 0x20, 0, 0x42, 1, 0x7d, 0x20, 1, 0x20, 0, 0x7c}
		return rawwasm.Func(nil, append(args, call...))
	}
	return rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I64, rawwasm.I64}, []byte{rawwasm.I64})),
		rawwasm.Section(rawwasm.Funcs, []byte{typ}, []byte{typ}, []byte{typ}, []byte{typ}, []byte{typ}),
		rawwasm.Section(rawwasm.Tables, []byte{rawwasm.FuncRef, 0, 1}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("loop", byte(0), 0), rawwasm.Bytes("tail", byte(0), 1),
			rawwasm.Bytes("tail_indirect", byte(0), 2), rawwasm.Bytes("tail_ref", byte(0), 3), rawwasm.Bytes("tree", byte(0), 4)),
		rawwasm.Section(rawwasm.Elems, []byte{0, 0x41, 0, 0x0b, 1, 2}, []byte{3, 0, 1, 3}),
		rawwasm.Section(rawwasm.Code,
			// acc += n; n -= 1; again if n != 0
			rawwasm.Func(nil, []byte{0x03, 0x40, 0x20, 1, 0x20, 0, 0x7c, 0x21, 1, 0x20, 0, 0x42, 1, 0x7d, 0x22, 0, 0x42, 0, 0x52, 0x0d, 0, 0x0b, 0x20, 1}),
			tail(0x12, 1),
			tail(0x41, 0, 0x13, typ, 0),
			tail(0xd2, 3, 0x15, typ),
			// n == 0 ? 1 : tree(n-1) + tree(n-1)
			rawwasm.Func(nil, []byte{0x20, 0, 0x50, 0x04, 0x7e, 0x42, 1, 0x05,
				0x20, 0, 0x42, 1, 0x7d, 0x20, 1, 0x10, 4, 0x20, 0, 0x42, 1, 0x7d, 0x20, 1, 0x10, 4, 0x7c, 0x0b}),
		),
	)
}()

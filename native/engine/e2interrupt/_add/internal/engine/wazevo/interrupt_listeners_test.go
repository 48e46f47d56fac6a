package wazevo_test

import (
	"context"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	. "github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// frames counts what a listener sees.
type frames struct {
	before, after, abort int
}

func (l *frames) NewFunctionListener(api.FunctionDefinition) experimental.FunctionListener { return l }
func (l *frames) Before(context.Context, api.Module, api.FunctionDefinition, []uint64, experimental.StackIterator) {
	l.before++
}
func (l *frames) After(context.Context, api.Module, api.FunctionDefinition, []uint64) { l.after++ }
func (l *frames) Abort(context.Context, api.Module, api.FunctionDefinition, error)    { l.abort++ }

// Wherever a call stops, each Before has its After or its Abort, and the trace names the functions from the innermost on.
func TestInterrupt_listeners(t *testing.T) {
	wasm := guest(
		fn{0, nil, "local.get 0 call 2"},
		fn{0, repeat(I64, 1), "local.get 0 call 3 call 0 drop " + loop(1, "local.get 1 call 3 drop") + "local.get 1"},
		fn{0, nil, "local.get 0 i64.const 1 i64.add"})
	for stopAt := 1; ; stopAt++ {
		l := &frames{}
		w := newWorld(t, compiler(true))
		compiled, err := w.CompileModule(experimental.WithFunctionListenerFactory(bg, l), wasm)
		require.NoError(t, err)
		m, err := w.InstantiateModule(bg, compiled, wazero.NewModuleConfig())
		require.NoError(t, err)
		polls := 0
		var c *nodehost.Control
		c = nodehost.NewControl(func() error {
			if polls++; polls == stopAt {
				return errStopped
			}
			c.Interrupt()
			return nil
		}, nil)
		c.Interrupt()
		_, err = m.ExportedFunction("f").Call(nodehost.WithControl(bg, c), 3)
		require.Equal(t, l.before, l.after+l.abort)
		if err == nil {
			require.True(t, polls > 8)
			return
		}
		require.ErrorIs(t, err, errStopped)
		trace := strings.Split(strings.SplitN(err.Error(), "wasm stack trace:\n\t", 2)[1], "\n\t")
		require.Equal(t, ".$1(i64) i64", trace[len(trace)-1])
		if stopAt <= 2 { // the entry of f, or on the way to its Before, which has not run
			require.Equal(t, 1, len(trace))
			require.Equal(t, 0, l.before)
		} else if len(trace) > 1 {
			require.Equal(t, ".$2(i64) i64", trace[len(trace)-2])
		}
		if stopAt == 5 { // the entry of the innermost function: the others have polled there and before their Before
			require.Equal(t, []string{".$3(i64) i64", ".$2(i64) i64", ".$1(i64) i64"}, trace)
			require.Equal(t, 2, l.abort)
		}
	}
}

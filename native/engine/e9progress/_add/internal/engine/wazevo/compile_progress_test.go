package wazevo

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

func TestCompileProgress(t *testing.T) {
	for _, workers := range []int{1, 2} {
		var p wazevoapi.Progress
		done, functions := p.Read()
		require.Equal(t, [2]uint32{}, [2]uint32{done, functions})
		ctx := context.WithValue(context.Background(), wazevoapi.ProgressKey{}, &p)
		ctx = experimental.WithCompilationWorkers(ctx, workers)
		e := NewEngine(context.Background(), 0, nil)
		require.NoError(t, e.CompileModule(ctx, compileTestModule([]byte{wasm.OpcodeEnd}), nil, false))
		done, functions = p.Read()
		require.Equal(t, [2]uint32{100, 100}, [2]uint32{done, functions})
	}
}

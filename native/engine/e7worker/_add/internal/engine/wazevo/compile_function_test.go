package wazevo

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

func compileTestModule(body []byte) *wasm.Module {
	m := &wasm.Module{TypeSection: []wasm.FunctionType{{}}}
	for range 100 {
		m.FunctionSection = append(m.FunctionSection, 0)
		m.CodeSection = append(m.CodeSection, wasm.Code{Body: body})
	}
	m.AssignModuleID(body, nil, false)
	return m
}

func TestCompilePanic(t *testing.T) {
	for _, workers := range []int{1, 2} {
		e := NewEngine(context.Background(), 0, nil)
		ctx := experimental.WithCompilationWorkers(context.Background(), workers)
		// A body that validation would refuse: its local.get has no index.
		err := e.CompileModule(ctx, compileTestModule([]byte{wasm.OpcodeLocalGet}), nil, false)
		require.Error(t, err)
		require.Contains(t, err.Error(), "panic:")
		require.Equal(t, uint32(0), e.CompiledModuleCount())
		require.NoError(t, e.CompileModule(ctx, compileTestModule([]byte{wasm.OpcodeEnd}), nil, false))
	}
}

func TestCompileCanceled(t *testing.T) {
	for _, workers := range []int{1, 2} {
		e := NewEngine(context.Background(), 0, nil)
		ctx, cancel := context.WithCancel(experimental.WithCompilationWorkers(context.Background(), workers))
		cancel()
		require.ErrorIs(t, e.CompileModule(ctx, compileTestModule([]byte{wasm.OpcodeEnd}), nil, false), context.Canceled)
		require.Equal(t, uint32(0), e.CompiledModuleCount())
	}
}

package wazevo

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// A check may take a comparison, a branch that is not taken and a call behind the function, and no exit of its own.
func TestColdExitSize(t *testing.T) {
	const loads = 1000
	var body []byte
	for range loads {
		body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Load, 0, 0, wasm.OpcodeLocalSet, 0)
	}
	m := &wasm.Module{
		TypeSection:     []wasm.FunctionType{{Params: []wasm.ValueType{wasm.ValueTypeI32}, ParamNumInUint64: 1}},
		FunctionSection: []wasm.Index{0},
		MemorySection:   &wasm.Memory{Min: 1, Cap: 1, Max: 1},
		CodeSection:     []wasm.Code{{Body: append(body, wasm.OpcodeEnd)}},
	}
	m.AssignModuleID(body, nil, false)
	e := NewEngine(context.Background(), 0, nil).(*engine)
	require.NoError(t, e.CompileModule(context.Background(), m, nil, false))
	cm := e.compiledModules[m.ID].compiledModule
	if size := len(cm.executable) / loads; size > 32 {
		t.Errorf("%d bytes for each load", size)
	}
}

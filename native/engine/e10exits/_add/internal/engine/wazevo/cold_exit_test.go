package wazevo

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// sizeOfCode is how many bytes of machine code the body of a function with these parameters takes.
func sizeOfCode(t *testing.T, params []wasm.ValueType, body []byte) int {
	return len(codeOf(t, params, body))
}

func codeOf(t *testing.T, params []wasm.ValueType, body []byte) []byte {
	m := &wasm.Module{
		TypeSection:     []wasm.FunctionType{{Params: params}},
		FunctionSection: []wasm.Index{0},
		MemorySection:   &wasm.Memory{Min: 1, Cap: 1, Max: 1},
		CodeSection:     []wasm.Code{{Body: append(body, wasm.OpcodeEnd)}},
	}
	m.TypeSection[0].CacheNumInUint64()
	m.AssignModuleID(body, nil, false)
	e := NewEngine(context.Background(), api.CoreFeaturesV2, nil).(*engine)
	require.NoError(t, e.CompileModule(context.Background(), m, nil, false))
	return e.compiledModules[m.ID].executable
}

// A check may take a comparison, a branch that is not taken and a call behind the function, and no exit of its own.
func TestColdExitSize(t *testing.T) {
	const loads = 1000
	var body []byte
	for range loads {
		body = append(body, wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Load, 0, 0, wasm.OpcodeLocalSet, 0)
	}
	if size := sizeOfCode(t, []wasm.ValueType{wasm.ValueTypeI32}, body) / loads; size > 32 {
		t.Errorf("%d bytes for each load", size)
	}
}

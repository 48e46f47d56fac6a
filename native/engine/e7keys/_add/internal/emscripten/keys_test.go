package emscripten

import (
	"testing"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// TestInvokeKeyIsMadeBefore: nothing is written into the type by those who ask for its key, as guests on several threads do. A type is copied, which
// shows whether the key is there: the copy has what the type has now.
func TestInvokeKeyIsMadeBefore(t *testing.T) {
	invoke := NewInvokeFunc("invoke_ii", []api.ValueType{api.ValueTypeI32, api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).Code.GoFunc.(*InvokeFunc)
	before := *invoke.FunctionType
	require.Equal(t, "i32_i32", invoke.FunctionType.String())
	require.Equal(t, before, *invoke.FunctionType)
	require.NotEqual(t, before, wasm.FunctionType{Params: before.Params, Results: before.Results})
}

package wasm

import (
	"testing"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestHostTypeKeysAreMadeBefore: as emscripten.TestInvokeKeyIsMadeBefore, of all other host functions.
func TestHostTypeKeysAreMadeBefore(t *testing.T) {
	m, err := NewHostModule("env", []string{"f"}, map[string]*HostFunc{"f": {ExportName: "f", ParamTypes: []ValueType{ValueTypeI64}, Code: Code{GoFunc: func() {}}}}, api.CoreFeaturesV2)
	require.NoError(t, err)
	require.Equal(t, "i64_v", m.TypeSection[0].string)
}

package wasm

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestHostTypeKeysAreMadeBefore: as emscripten.TestInvokeKeyIsMadeBefore, of all other host functions.
func TestHostTypeKeysAreMadeBefore(t *testing.T) {
	code := Code{GoFunc: api.GoFunc(func(context.Context, []uint64) {})}
	f := &HostFunc{ExportName: "f", ParamTypes: []ValueType{ValueTypeI64}, Code: code}
	m, err := NewHostModule("env", []string{"f"}, map[string]*HostFunc{"f": f}, api.CoreFeaturesV2)
	require.NoError(t, err)
	require.Equal(t, "i64_v", m.TypeSection[0].string)
}

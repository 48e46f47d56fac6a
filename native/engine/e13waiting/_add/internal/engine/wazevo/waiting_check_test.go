//go:build wazero_waiting && (amd64 || arm64)

package wazevo_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/engine/wazevo"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/testing/binaryencoding"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasm/binary"
)

const checkedFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesExtendedConst

// checked compiles a module, with and without comparing addresses, and reports what lives across its calls.
func checked(t *testing.T, code []byte) (r *wazevoapi.AddressReport, ok bool) {
	t.Helper()
	r = &wazevoapi.AddressReport{Found: map[wazevoapi.AddressKind]int{}, FoundInBuiltins: map[wazevoapi.AddressKind]int{}}
	module, err := binary.DecodeModule(code, checkedFeatures, wasm.MemoryLimitPages, false, false, false)
	if err != nil {
		return r, false
	}
	r.Layout = wazevoapi.NewModuleContextOffsetData(module, false)
	r.Imported, r.Globals = int(module.ImportGlobalCount), int(module.ImportGlobalCount)+len(module.GlobalSection)
	wazevoapi.Addresses = r
	defer func() { wazevoapi.Addresses = nil }()
	ctx := context.Background()
	for _, guarded := range []bool{false, true} {
		rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(checkedFeatures))
		x := &nodehost.Exchange{ID: [32]byte{1}, Guarded: guarded}
		_, err = rt.CompileModule(nodehost.WithExchange(ctx, x), code)
		_ = rt.Close(ctx)
		if err != nil && !guarded { // nobody has set a handler, without which guarded code is not run: it was compiled, and looked at
			return r, false
		}
	}
	return r, true
}

// What a stack holds that is copied: see waiting.go. WAZERO_WAITING_MODULES are patterns of files to look at beside wazero's own. On amd64 the code for
// arm64 is looked at, too.
func TestNoAddressLivesAcrossACall(t *testing.T) {
	t.Run(runtime.GOARCH, checkAll)
	if runtime.GOARCH == "amd64" {
		wazevo.CompileForArm64(true)
		defer wazevo.CompileForArm64(false)
		t.Run("arm64", checkAll)
	}
}

func checkAll(t *testing.T) {
	patterns := []string{"../../../imports/*/testdata/*/*.wasm", "../../integration_test/fuzzcases/testdata/*.wasm", "../../integration_test/bench/testdata/*.wasm"}
	patterns = append(patterns, filepath.SplitList(os.Getenv("WAZERO_WAITING_MODULES"))...)
	modules, functions, calls, contexts := 0, 0, 0, 0
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			code, err := os.ReadFile(file)
			require.NoError(t, err)
			r, ok := checked(t, code)
			if !ok {
				continue
			}
			modules, functions, calls, contexts = modules+1, functions+r.Functions, calls+r.Calls, contexts+r.ContextsLive
			if len(r.Found) > 0 && !isShared(code) {
				t.Errorf("%s: %v %v", file, r.Found, r.Where)
			}
		}
	}
	t.Logf("%d modules, %d functions, %d calls, %d times a context lives across one", modules, functions, calls, contexts)
	require.True(t, calls > 100 && contexts > 100)
}

func isShared(code []byte) bool { // refused, for its base is not loaded again
	module, err := binary.DecodeModule(code, checkedFeatures, wasm.MemoryLimitPages, false, false, false)
	if err != nil || module.MemorySection != nil && module.MemorySection.IsShared {
		return true
	}
	for _, i := range module.ImportSection {
		if i.Type == wasm.ExternTypeMemory && i.DescMem.IsShared {
			return true
		}
	}
	return false
}

// The check is not blind: the base of a shared memory, and what is computed with it, is not loaded again after a call.
func TestAddressesAreSeen(t *testing.T) {
	i32 := wasm.ValueTypeI32
	module := &wasm.Module{
		TypeSection:     []wasm.FunctionType{{Params: []wasm.ValueType{i32}, Results: []wasm.ValueType{i32}}},
		FunctionSection: []wasm.Index{0},
		MemorySection:   &wasm.Memory{Min: 1, Max: 2, IsMaxEncoded: true, IsShared: true},
		CodeSection: []wasm.Code{{Body: []byte{
			wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Load, 2, 0, wasm.OpcodeLocalGet, 0, wasm.OpcodeCall, 0,
			wasm.OpcodeLocalGet, 0, wasm.OpcodeI32Load, 2, 0, wasm.OpcodeI32Add, wasm.OpcodeI32Add, wasm.OpcodeEnd,
		}}},
	}
	r, ok := checked(t, binaryencoding.EncodeModule(module))
	require.True(t, ok)
	require.True(t, r.Found[wazevoapi.AddressOfMemory] > 0)
}

package fuel

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// costs is the guest of the same name in test/api/fuel.test.ts, without what needs a host.
const costs = "" +
	"AGFzbQEAAAABFwVgAAF/YAAAYAJ/fwF/YAF/AGABfwF/AxQTAAEBAgMDBAMDAwMDAQEEAwEBAQQEAXAACgUDAQABBgYBfwFBAAsHhgERBWVtcHR5AAEEZnJlZQACA2FkZAADBGxvb3AA" +
	"BAV3aGlsZQAFAmlmAAYGdW5sZXNzAAcGc3dpdGNoAAgEZmlsbAAJBGNvcHkACgZ0YWJsZXMACwRncm93AAwIaW5kaXJlY3QADQNmaWIADgR0YWlsAA8HZW5kbGVzcwAQB3JlY3Vyc2UA" +
	"EQkHAQBBAAsBAAqPAhMEAEEHCwIACw0AAQJAAkBBARoLCw8LBwAgACABagsYAQF/A0AgASAAaiEBIABBAWsiAA0ACwELGgACQANAIABFDQEgAEEBayEADAALC0EBJAALEAAgAAR/QQEF" +
	"QQFBAmoLZwsUACAABEBBASQADwtBAiQAQQMkAAsgAAJAAkACQCAADgIAAQILQQEkAAwBC0EBJABBASQACwsLAEEAQQEgAPwLAAsMAEEAQQEgAPwKAAALDABBAUEAIAD8DgAACwcAQQFA" +
	"ABoLCABBABEAABoLHAAgAEECSQR/IAAFIABBAWsQDiAAQQJrEA5qCwsOACAABEAgAEEBaxIPCwsHAANADAALCwQAEBILBAAQEgsAYQRuYW1lASUFAAVzZXZlbg4DZmliDwR0YWlsEAdl" +
	"bmRsZXNzEgdyZWN1cnNlAicTAAABAAIAAwAEAAUABgAHAAgACQAKAAsADAANAA4ADwAQABEAEgAEBAEAAXYHBAEAAWc="

var engines = map[string]func() wazero.RuntimeConfig{
	"compiler": wazero.NewRuntimeConfigCompiler, "interpreter": wazero.NewRuntimeConfigInterpreter,
}

const features = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesThreads | experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesExtendedConst

// burn calls a function with a budget; left is below 0 where that was too little.
func burn(f api.Function, budget int64, params ...uint64) (left int64, results []uint64, err error) {
	c := nodehost.NewControl(func() error { return nil }, nil)
	c.Fuel = new(nodehost.Fuel)
	c.Fuel.Init(budget)
	results, err = f.Call(nodehost.WithControl(context.Background(), c), params...)
	return c.Fuel.Left(), results, err
}

func TestExact(t *testing.T) {
	binary, err := base64.StdEncoding.DecodeString(costs)
	require.NoError(t, err)
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			ctx := nodehost.WithFuelCounted(context.Background())
			r := wazero.NewRuntimeWithConfig(ctx, config().WithCoreFeatures(features))
			defer r.Close(ctx)
			m, err := r.Instantiate(ctx, binary)
			require.NoError(t, err)
			for _, tc := range []struct {
				name string
				arg  []uint64
				cost int64
			}{
				{"empty", nil, 1}, {"free", nil, 2}, {"add", []uint64{1, 2}, 4}, {"loop", []uint64{100}, 901}, {"while", []uint64{10}, 86},
				{"if", []uint64{0}, 7}, {"unless", []uint64{1}, 5}, {"switch", []uint64{1}, 7}, {"fill", []uint64{1600}, 105}, {"tables", []uint64{8}, 13},
				{"indirect", nil, 5}, {"fib", []uint64{10}, 1766}, {"tail", []uint64{10}, 73},
			} {
				f := m.ExportedFunction(tc.name)
				left, _, err := burn(f, tc.cost, tc.arg...)
				require.NoError(t, err)
				require.Equal(t, int64(0), left)
				left, _, err = burn(f, tc.cost-1, tc.arg...)
				require.Contains(t, err.Error(), "out of fuel")
				require.True(t, left < 0)
			}
			// A charge that an immediate of 12 bits does not hold, and one that one of 24 does not.
			_, _, err = burn(m.ExportedFunction("fill"), 1<<40, 65536)
			require.NoError(t, err)
		})
	}
}

// TestGenerated compares the engines on modules of the fuzzers, where it is told where they are: a file as those of test/fuzz/corpus, unpacked.
// What it logs is the same on each architecture.
func TestGenerated(t *testing.T) {
	path := os.Getenv("WAZERO_FUEL_MODULES")
	if path == "" {
		t.Skip("WAZERO_FUEL_MODULES names no file")
	}
	all, err := os.ReadFile(path)
	require.NoError(t, err)
	sum, modules, calls := sha256.New(), 0, 0
	for at := 0; at < len(all); {
		end := at + 4 + int(binary.LittleEndian.Uint32(all[at:]))
		one, ok := outcomes(t, "compiler", all[at+4:end])
		other, okToo := outcomes(t, "interpreter", all[at+4:end])
		at = end
		if !ok || !okToo {
			continue
		}
		require.Equal(t, other, one)
		modules++
		calls += len(one)
		fmt.Fprintln(sum, one)
	}
	t.Logf("%d modules, %d calls: %x", modules, calls, sum.Sum(nil)[:8])
}

func outcomes(t *testing.T, engine string, binary []byte) (all []string, ok bool) {
	ctx := nodehost.WithFuelCounted(context.Background())
	r := wazero.NewRuntimeWithConfig(ctx, engines[engine]().WithCoreFeatures(features))
	defer r.Close(ctx)
	_, err := r.NewHostModuleBuilder("h").
		NewFunctionBuilder().WithFunc(func(x uint32) uint32 { return x*31 + 7 }).Export("a").
		NewFunctionBuilder().WithFunc(func(x float64, y uint64) float64 { return float64(int32(y)) / 3 }).Export("b").
		NewFunctionBuilder().WithFunc(func() {}).Export("c").
		NewFunctionBuilder().WithFunc(func(x uint32, y uint64) (uint32, uint64) { return ^x, y + 1 }).Export("d").
		Instantiate(ctx)
	require.NoError(t, err)
	compiled, err := r.CompileModule(ctx, binary)
	if err != nil {
		return nil, false
	}
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, false
	}
	functions := compiled.ExportedFunctions()
	for _, i := range slices.Sorted(maps.Keys(functions)) {
		def := functions[i]
		for round := uint64(0); round < 2; round++ {
			params := make([]uint64, 0, 8)
			for _, typ := range def.ParamTypes() {
				switch typ {
				case api.ValueTypeI32, api.ValueTypeI64, api.ValueTypeF32, api.ValueTypeF64:
					params = append(params, round*77)
				default:
					params = nil
				}
			}
			if len(params) < len(def.ParamTypes()) || len(m.ExportedFunction(i).Definition().ParamTypes()) != len(params) {
				continue
			}
			left, _, err := burn(m.ExportedFunction(i), 20_000, params...)
			kind := "ok"
			if err != nil {
				kind, _, _ = strings.Cut(err.Error(), "\n")
			}
			if strings.Contains(kind, "stack overflow") {
				return all, false
			}
			all = append(all, fmt.Sprint(i, round, left, kind))
		}
	}
	return all, true
}

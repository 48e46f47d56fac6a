package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// What the functions have in common: function 0 is $throw (param i32), which throws tag 0 with its parameter if that is
// not 0; function 1 is the one tested, (param i32) (result i32).
func tryModule(locals []byte, code ...any) []byte {
	return rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, nil), rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32})),
		rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{1}),
		rawwasm.Section(rawwasm.Tags, []byte{0, 0}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1)),
		rawwasm.Section(rawwasm.Code,
			rawwasm.Func(nil, []byte{0x20, 0, 0x04, 0x40, 0x20, 0, 0x08, 0, 0x0b}),
			rawwasm.Func(locals, code...),
		),
	)
}

var (
	catchAll  = []byte{0x1f, 0x40, 1, 2, 0} // (try_table (catch_all 0)
	catchAll1 = []byte{0x1f, 0x40, 1, 2, 1} // (try_table (catch_all 1)
	block     = []byte{0x02, 0x40}          // (block
	end       = []byte{0x0b}                // )
	throwIt   = []byte{0x41, 9, 0x10, 0}    // (call $throw (i32.const 9))
	trap      = byte(0x00)                  // (unreachable)
	set       = func(local, v byte) []byte { return []byte{0x41, v, 0x21, local} }
	add       = func(local, v byte) []byte { return []byte{0x20, local, 0x41, v, 0x6a, 0x21, local} }
)

var tryTests = []struct {
	name   string
	module []byte
	param  uint64
	want   uint64
}{
	// The module of wazero issue 2503.
	{"local set before the throw", tryModule([]byte{rawwasm.I32},
		set(1, 1), block, catchAll, set(1, 0), throwIt, end, trap, end, []byte{0x20, 1}), 0, 0},
	{"parameter set", tryModule(nil,
		block, catchAll, add(0, 5), throwIt, add(0, 7), end, trap, end, []byte{0x20, 0}), 1, 6},
	{"local that is not set keeps its value", tryModule([]byte{rawwasm.I32},
		set(1, 33), block, catchAll, set(0, 2), throwIt, end, trap, end, []byte{0x20, 1, 0x20, 0, 0x6c}), 1, 66},
	{"thrown before it is set", tryModule([]byte{rawwasm.I32},
		set(1, 3), block, catchAll, throwIt, set(1, 4), end, trap, end, []byte{0x20, 1}), 0, 3},
	{"caught by the outer one, set in the inner one", tryModule([]byte{rawwasm.I32, rawwasm.I32},
		block, catchAll, set(1, 1),
		block, []byte{0x1f, 0x40, 0}, set(1, 2), add(2, 7), throwIt, end, end, // (try_table without clauses
		end, trap, end, []byte{0x20, 1, 0x20, 2, 0x6a}), 0, 9},
	{"caught by the inner one, then by the outer one", tryModule([]byte{rawwasm.I32, rawwasm.I32},
		block, catchAll, add(1, 1),
		block, catchAll, add(1, 10), throwIt, end, trap, end,
		add(1, 20), throwIt, end, trap, end, []byte{0x20, 1}), 0, 31},
	// (loop (block (try_table (catch_all 0) n -= 1, local 1 += 3, throw)) again while n)
	{"loop", tryModule([]byte{rawwasm.I32},
		[]byte{0x03, 0x40}, block, catchAll, add(0, 0x7f), add(1, 3), throwIt, end, trap, end,
		[]byte{0x20, 0, 0x0d, 0}, end, []byte{0x20, 1}), 1000, 3000},
	{"all types", tryModule([]byte{rawwasm.I64, rawwasm.F32, rawwasm.F64, rawwasm.V128, rawwasm.ExternRef, rawwasm.I32},
		block, catchAll,
		[]byte{0x42, 1, 0x21, 1}, []byte{0x43, 0, 0, 0, 0x40, 0x21, 2}, []byte{0x44, 0, 0, 0, 0, 0, 0, 0x10, 0x40, 0x21, 3}, // 1, 2.0, 4.0
		[]byte{0x41, 8, 0xfd, 0x11, 0x21, 4}, // (i32x4.splat (i32.const 8))
		set(6, 16), throwIt, end, trap, end,
		[]byte{0x20, 1, 0xa7, 0x20, 2, 0xa8, 0x6a, 0x20, 3, 0xaa, 0x6a, 0x20, 4, 0xfd, 0x1b, 3, 0x6a, 0x20, 6, 0x6a, 0x20, 5, 0xd1, 0x6a}), 0, 1 + 2 + 4 + 8 + 16 + 1},

	// Handlers that are left behind. Each leaves a try_table, then throws: only the outer one may catch that.
	{"br to the end", tryModule([]byte{rawwasm.I32},
		block, catchAll,
		block, catchAll1, []byte{0x0c, 0}, end, throwIt, end, // inner catch label 1 is the outer try_table's end
		trap, end, trap, end, set(1, 5), []byte{0x20, 1}), 0, 5},
	{"br_if to the end", tryModule([]byte{rawwasm.I32},
		block, catchAll,
		block, catchAll1, []byte{0x41, 1, 0x0d, 0}, trap, end, throwIt, end,
		trap, end, trap, end, set(1, 5), []byte{0x20, 1}), 0, 5},
	{"br_table with one label", tryModule([]byte{rawwasm.I32},
		block, catchAll,
		block, block, catchAll1, []byte{0x41, 0, 0x0e, 0, 1}, end, trap, end, throwIt, end,
		trap, end, trap, end, set(1, 5), []byte{0x20, 1}), 0, 5},
	{"without clauses", tryModule([]byte{rawwasm.I32},
		block, catchAll,
		[]byte{0x1f, 0x40, 0}, end, // must not leave the outer one
		throwIt, end, trap, end, set(1, 5), []byte{0x20, 1}), 0, 5},
	// (block $a (try_table (catch_all $a) (block $b (block (try_table (catch_all $b2) ...: the inner clause leaves the middle one.
	{"clause that leaves an outer one", tryModule([]byte{rawwasm.I32},
		block, catchAll, // A
		block,           // target of the inner clause
		block, catchAll, // B
		[]byte{0x1f, 0x40, 1, 2, 2}, throwIt, end, // its clause goes to the end of the block around B
		end, trap, end, trap, end,
		add(1, 1), []byte{0x20, 1, 0x41, 2, 0x4e, 0x04, 0x40}, trap, end, // a second time would be B's handler
		throwIt, end, trap, end, add(1, 4), []byte{0x20, 1}), 0, 5},
}

func TestTryTable(t *testing.T) {
	engines := map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter()}
	if platform.CompilerSupported() {
		engines["compiler"] = wazero.NewRuntimeConfigCompiler()
	}
	ctx := context.Background()
	for name, config := range engines {
		r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExceptionHandling))
		for _, tc := range tryTests {
			t.Run(name+"/"+tc.name, func(t *testing.T) {
				m, err := r.Instantiate(ctx, tc.module)
				require.NoError(t, err)
				f := m.ExportedFunction("f")
				for range 3 {
					res, err := f.Call(ctx, tc.param)
					require.NoError(t, err)
					require.Equal(t, tc.want, res[0])
				}
				require.NoError(t, m.Close(ctx))
			})
		}
		require.NoError(t, r.Close(ctx))
	}
}

// A function leaves its try_table by a branch and returns; its caller throws. Nothing may bring the function back.
func TestTryTableOfReturnedFunction(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExceptionHandling))
	defer r.Close(ctx)
	entered := 0
	_, err := r.NewHostModuleBuilder("h").NewFunctionBuilder().WithFunc(func() { entered++ }).Export("caught").Instantiate(ctx)
	require.NoError(t, err)
	for _, exit := range [][]byte{{0x0c, 0}, {0x41, 1, 0x0d, 0}, {0x41, 0, 0x0e, 0, 0}, {0x0f}} {
		m, err := r.Instantiate(ctx, rawwasm.Module(
			rawwasm.Section(rawwasm.Types, rawwasm.Type(nil, nil)),
			rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("h", "caught", byte(0), 0)),
			rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{0}),
			rawwasm.Section(rawwasm.Tags, []byte{0, 0}),
			rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 2)),
			rawwasm.Section(rawwasm.Code,
				rawwasm.Func(nil, block, catchAll, exit, end, []byte{0x0f}, end, []byte{0x10, 0}),
				rawwasm.Func(nil, []byte{0x10, 1, 0x08, 0}),
			),
		))
		require.NoError(t, err)
		_, err = m.ExportedFunction("f").Call(ctx)
		require.EqualError(t, err, "wasm error: uncaught exception\nwasm stack trace:\n\t.$2()")
		require.Zero(t, entered)
	}
}

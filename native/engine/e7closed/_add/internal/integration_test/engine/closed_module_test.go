package adhoc

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/table"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/sys"
)

// No code of a closed module runs, whatever way leads to it, and who calls it gets its exit code.
func TestClosedModule(t *testing.T) {
	engines := map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter()}
	if platform.CompilerSupported() {
		engines["compiler"] = wazero.NewRuntimeConfigCompiler()
	}
	for name, config := range engines {
		for _, ensureTermination := range []bool{false, true} {
			config := config.WithCloseOnContextDone(ensureTermination).WithCoreFeatures(api.CoreFeaturesV2 |
				experimental.CoreFeaturesTailCall | experimental.CoreFeaturesTypedFunctionReferences)
			t.Run(name, func(t *testing.T) { testClosedModule(t, config) })
		}
	}
}

func testClosedModule(t *testing.T, config wazero.RuntimeConfig) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	defer r.Close(ctx)

	entered := 0
	_, err := r.NewHostModuleBuilder("h").NewFunctionBuilder().WithFunc(func() { entered++ }).Export("enter").Instantiate(ctx)
	require.NoError(t, err)
	owner, err := r.InstantiateWithConfig(ctx, closedOwner, wazero.NewModuleConfig().WithName("owner"))
	require.NoError(t, err)
	compiled, err := r.CompileModule(ctx, closedImporter)
	require.NoError(t, err)
	importer, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
	require.NoError(t, err)
	_, err = importer.ExportedFunction("save").Call(ctx)
	require.NoError(t, err)

	// A reference to an imported function leads to that function.
	res, err := table.LookupFunction(importer, 1, 1, nil, []api.ValueType{api.ValueTypeI32}).Call(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(2), res[0])
	require.Equal(t, 1, entered)

	ways := []string{"direct", "indirect", "tail", "tail_indirect", "ref", "tail_ref", "many", "saved", "saved_ref", "again"}
	held := map[string]api.Function{"f": owner.ExportedFunction("f"), "g": owner.ExportedFunction("g")}
	for _, way := range ways {
		held[way] = importer.ExportedFunction(way)
	}
	calls := func(want error) {
		for name, f := range held {
			before := entered
			_, err := f.Call(ctx)
			require.Equal(t, want, err, name)
			if want == nil {
				require.Equal(t, before+1, entered, name)
			} else {
				require.Equal(t, before, entered, name)
			}
		}
		res, err := importer.ExportedFunction("own").Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(42), res[0])
	}
	calls(nil)

	require.NoError(t, owner.CloseWithExitCode(ctx, 7))
	calls(sys.NewExitError(7))
	calls(sys.NewExitError(7)) // also after an error
	held["f"] = owner.ExportedFunction("f")
	calls(sys.NewExitError(7))

	// Not even who links to it afterwards, nor a reference made afterwards.
	late, err := r.InstantiateModule(experimental.WithImportResolver(ctx, func(string) api.Module { return owner }), compiled,
		wazero.NewModuleConfig())
	require.NoError(t, err)
	_, err = late.ExportedFunction("save").Call(ctx)
	require.NoError(t, err)
	for _, way := range ways {
		held[way] = late.ExportedFunction(way)
	}
	calls(sys.NewExitError(7))

	// A closed importer does not enter the owner either, nor is the open importer touched by its closing.
	require.NoError(t, late.CloseWithExitCode(ctx, 0))
	_, err = late.ExportedFunction("own").Call(ctx)
	require.True(t, errors.Is(err, sys.NewExitError(0)))

	// What the open importer still refers to is there when nobody else holds the owner any more.
	owner, late, held = nil, nil, map[string]api.Function{}
	for _, way := range ways {
		held[way] = importer.ExportedFunction(way)
	}
	for range 5 {
		runtime.GC()
		calls(sys.NewExitError(7))
	}
}

var (
	wide       = []byte{0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e} // more than there are registers
	closedType = rawwasm.Section(rawwasm.Types,
		rawwasm.Type(nil, []byte{rawwasm.I32}), rawwasm.Type(wide, wide), rawwasm.Type(nil, nil))

	// Each function calls h.enter, then: f returns 1, many its parameters, g returns 2. Element 0 of the table is f.
	closedOwner = rawwasm.Module(
		closedType,
		rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("h", "enter", byte(0), 2)),
		rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{1}, []byte{0}),
		rawwasm.Section(rawwasm.Tables, []byte{rawwasm.FuncRef, 0, 4}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1), rawwasm.Bytes("many", byte(0), 2),
			rawwasm.Bytes("g", byte(0), 3), rawwasm.Bytes("table", byte(1), 0)),
		rawwasm.Section(rawwasm.Elems, []byte{0, 0x41, 0, 0x0b, 1, 1}),
		rawwasm.Section(rawwasm.Code,
			rawwasm.Func(nil, []byte{0x10, 0, 0x41, 1}),
			rawwasm.Func(nil, []byte{0x10, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, 0x20, 4, 0x20, 5, 0x20, 6, 0x20, 7, 0x20, 8, 0x20, 9, 0x20, 10, 0x20, 11}),
			rawwasm.Func(nil, []byte{0x10, 0, 0x41, 2}),
		),
	)

	closedImporter = rawwasm.Module(
		closedType,
		rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("owner", "f", byte(0), 0), rawwasm.Bytes("owner", "many", byte(0), 1),
			rawwasm.Bytes("owner", "g", byte(0), 0), rawwasm.Bytes("owner", "table", byte(1), rawwasm.FuncRef, 0, 4)),
		rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{0}, []byte{0}, []byte{0}, []byte{0}, []byte{0}, []byte{0}, []byte{2}, []byte{0}, []byte{0}, []byte{0}),
		rawwasm.Section(rawwasm.Tables, []byte{rawwasm.FuncRef, 0, 4}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("again", byte(0), 0), rawwasm.Bytes("direct", byte(0), 3),
			rawwasm.Bytes("indirect", byte(0), 4), rawwasm.Bytes("tail", byte(0), 5), rawwasm.Bytes("tail_indirect", byte(0), 6),
			rawwasm.Bytes("ref", byte(0), 7), rawwasm.Bytes("tail_ref", byte(0), 8), rawwasm.Bytes("many", byte(0), 9),
			rawwasm.Bytes("save", byte(0), 10), rawwasm.Bytes("saved", byte(0), 11), rawwasm.Bytes("saved_ref", byte(0), 12),
			rawwasm.Bytes("own", byte(0), 13)),
		rawwasm.Section(rawwasm.Elems, []byte{3, 0, 2, 0, 2}), // declares f and g for ref.func
		rawwasm.Section(rawwasm.Code,
			rawwasm.Func(nil, []byte{0x10, 0}),             // (call $f)
			rawwasm.Func(nil, []byte{0x41, 0, 0x11, 0, 0}), // (call_indirect $owner.table (i32.const 0))
			rawwasm.Func(nil, []byte{0x12, 0}),             // (return_call $f)
			rawwasm.Func(nil, []byte{0x41, 0, 0x13, 0, 0}), // (return_call_indirect $owner.table (i32.const 0))
			rawwasm.Func(nil, []byte{0xd2, 0, 0x14, 0}),    // (call_ref (ref.func $f))
			rawwasm.Func(nil, []byte{0xd2, 0, 0x15, 0}),    // (return_call_ref (ref.func $f))
			rawwasm.Func(nil, []byte{0x42, 1, 0x42, 2, 0x42, 3, 0x42, 4, 0x42, 5, 0x42, 6, 0x42, 7, 0x42, 8, 0x42, 9, 0x42, 10, 0x42, 11, 0x42, 12,
				0x10, 1, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x41, 1}), // (call $many ...)
			rawwasm.Func(nil, []byte{0x41, 0, 0x41, 0, 0x25, 0, 0x26, 1, 0x41, 1, 0xd2, 2, 0x26, 1}), // own table: 0 = owner.table[0], 1 = ref.func $g
			rawwasm.Func(nil, []byte{0x41, 0, 0x11, 0, 1}),                                           // (call_indirect $own (i32.const 0))
			rawwasm.Func(nil, []byte{0x41, 1, 0x11, 0, 1}),                                           // (call_indirect $own (i32.const 1))
			rawwasm.Func(nil, []byte{0x41, 42}),
		),
	)
)

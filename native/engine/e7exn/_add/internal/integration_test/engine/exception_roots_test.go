package adhoc

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// exceptionGuest has: catch (param i32) (result exnref), throws tag 0 with the parameter and returns the reference;
// value (param exnref) (result i32), the parameter of such an exception; and what the tests call:
// two (param i32): catches the parameter and 7, collects, and returns the value of the first;
// many (param i32): catches the parameter, then n times n, for n from 300000 down, and returns the value of the first;
// wide (param i32): catches so many exceptions of 1,000 parameters;
// keep, kept: catch in a global, which another call reads.
func exceptionGuest(global bool) []byte {
	const exn = rawwasm.ExnRef
	i32 := []byte{rawwasm.I32}
	exports := [][]byte{rawwasm.Bytes("two", byte(0), 3), rawwasm.Bytes("many", byte(0), 4), rawwasm.Bytes("value", byte(0), 2)}
	funcs := [][]byte{{0}, {1}, {2}, {2}}
	code := [][]byte{
		// catch: (block $h (result i32 exnref) (try_table (catch_ref 0 $h) (throw 0 (local.get 0))) unreachable), keeping the reference
		rawwasm.Func([]byte{exn}, []byte{0x02, 4, 0x1f, 0x40, 1, 1, 0, 0, 0x20, 0, 0x08, 0, 0x0b, 0x00, 0x0b, 0x21, 1, 0x1a, 0x20, 1}),
		// value: (block $h (result i32) (try_table (catch 0 $h) (throw_ref (local.get 0))) unreachable)
		rawwasm.Func(nil, []byte{0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x20, 0, 0x0a, 0x0b, 0x00, 0x0b}),
		rawwasm.Func([]byte{exn, exn}, []byte{0x20, 0, 0x10, 1, 0x21, 1, 0x41, 7, 0x10, 1, 0x21, 2, 0x10, 0,
			0x20, 2, 0x10, 2, 0x41, 7, 0x47, 0x04, 0x40, 0x00, 0x0b, 0x20, 1, 0x10, 2}),
		rawwasm.Func([]byte{exn, rawwasm.I32}, []byte{0x20, 0, 0x10, 1, 0x21, 1, 0x41}, int64(300000), []byte{0x21, 2,
			0x03, 0x40, 0x20, 2, 0x10, 1, 0x1a, 0x20, 2, 0x41, 1, 0x6b, 0x22, 2, 0x0d, 0, 0x0b, 0x10, 0, 0x20, 1, 0x10, 2}),
	}
	var globals []byte
	if global {
		globals = rawwasm.Section(rawwasm.Globals, []byte{exn, 1, 0xd0, exn, 0x0b})
		exports = append(exports, rawwasm.Bytes("keep", byte(0), 5), rawwasm.Bytes("kept", byte(0), 6))
		funcs = append(funcs, []byte{5}, []byte{6})
		code = append(code,
			rawwasm.Func(nil, []byte{0x20, 0, 0x10, 1, 0x24, 0}),
			rawwasm.Func(nil, []byte{0x10, 0, 0x23, 0, 0x10, 2}))
	}
	wide := bytes.Repeat([]byte{rawwasm.I32}, 1000)
	exports = append(exports, rawwasm.Bytes("wide", byte(0), len(funcs)+1))
	funcs = append(funcs, []byte{5})
	code = append(code, rawwasm.Func(nil, slices.Concat([]byte{0x03, 0x40, 0x02, exn, 0x1f, 0x40, 1, 3, 0},
		bytes.Repeat([]byte{0x41, 0}, len(wide)), []byte{0x08, 1, 0x0b, 0x00, 0x0b, 0x1a, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b})))
	return rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type(i32, []byte{exn}), rawwasm.Type([]byte{exn}, i32), rawwasm.Type(i32, i32),
			rawwasm.Type(nil, nil), rawwasm.Type(nil, []byte{rawwasm.I32, exn}), rawwasm.Type(i32, nil), rawwasm.Type(nil, i32), rawwasm.Type(wide, nil)),
		rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("h", "collect", byte(0), 3)),
		rawwasm.Section(rawwasm.Funcs, funcs...),
		rawwasm.Section(rawwasm.Tags, []byte{0, 5}, []byte{0, 7}),
		globals,
		rawwasm.Section(rawwasm.Exports, exports...),
		rawwasm.Section(rawwasm.Code, code...),
	)
}

func TestExceptionReferences(t *testing.T) {
	configs := map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter()}
	if platform.CompilerSupported() {
		configs["compiler"] = wazero.NewRuntimeConfigCompiler()
	}
	for engine, config := range configs {
		for _, global := range []bool{false, true} {
			t.Run(engine, func(t *testing.T) {
				ctx := context.Background()
				r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExceptionHandling))
				defer r.Close(ctx)
				var others []*wasm.Exception
				_, err := r.NewHostModuleBuilder("h").NewFunctionBuilder().WithFunc(func() {
					runtime.GC()
					for range 10000 { // take the places of what was freed
						others = append(others, &wasm.Exception{Tag: &wasm.TagInstance{}, Params: []uint64{666}})
					}
				}).Export("collect").Instantiate(ctx)
				require.NoError(t, err)
				m, err := r.Instantiate(ctx, exceptionGuest(global))
				require.NoError(t, err)
				call := func(name string, params ...uint64) []uint64 {
					res, err := m.ExportedFunction(name).Call(ctx, params...)
					require.NoError(t, err)
					return res
				}
				for x := range uint64(20) {
					require.Equal(t, []uint64{x}, call("two", x))
				}
				_, err = m.ExportedFunction("value").Call(ctx, 0x123456)
				require.ErrorIs(t, err, wasm.ErrExceptionParam)
				if !global {
					require.Equal(t, []uint64{5}, call("many", 5))
					call("wide", 10_000)
					return
				}
				call("keep", 8)
				for range 20 {
					require.Equal(t, []uint64{8}, call("kept"))
				}
				// What globals can hold is kept, so there is an end to it.
				_, err = m.ExportedFunction("many").Call(ctx, 5)
				require.Error(t, err)
				require.Contains(t, err.Error(), "too many references to exceptions")
				require.Equal(t, []uint64{8}, call("kept"))
			})
		}
	}
}

// Their parameters are the host's memory as well: 16 MiB of them, long before there are too many exceptions.
func TestExceptionParameters(t *testing.T) {
	configs := map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter()}
	if platform.CompilerSupported() {
		configs["compiler"] = wazero.NewRuntimeConfigCompiler()
	}
	for engine, config := range configs {
		t.Run(engine, func(t *testing.T) {
			ctx := context.Background()
			r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExceptionHandling))
			defer r.Close(ctx)
			_, err := r.NewHostModuleBuilder("h").NewFunctionBuilder().WithFunc(func() {}).Export("collect").Instantiate(ctx)
			require.NoError(t, err)
			m, err := r.Instantiate(ctx, exceptionGuest(true))
			require.NoError(t, err)
			_, err = m.ExportedFunction("wide").Call(ctx, 1_500)
			require.NoError(t, err)
			for range 2 {
				_, err = m.ExportedFunction("wide").Call(ctx, 10_000)
				require.Error(t, err)
				require.Contains(t, err.Error(), "too many references to exceptions")
			}
		})
	}
}

package references

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/bodies"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// function is a type; its params and results are value types of any size.
func function(params, results [][]byte) []byte {
	return rawwasm.Bytes(byte(0x60), len(params), params, len(results), results)
}

var (
	i32   = []byte{rawwasm.I32}
	i64   = []byte{rawwasm.I64}
	f64   = []byte{rawwasm.F64}
	null  = func(t byte) []byte { return []byte{0x63, t} } // (ref null $t)
	types = rawwasm.Section(rawwasm.Types,
		function([][]byte{i64}, [][]byte{i64}),           // 0
		function([][]byte{i64, i64}, [][]byte{i64}),      // 1
		function(nil, [][]byte{i64}),                     // 2, of the tested function
		function([][]byte{i64}, [][]byte{i64}),           // 3, equals 0
		function([][]byte{null(0)}, nil),                 // 4
		function([][]byte{null(3)}, nil),                 // 5, equals 4
		function([][]byte{null(1)}, nil),                 // 6
		function([][]byte{i32}, [][]byte{{rawwasm.F64}})) // 7
	declared = rawwasm.Section(rawwasm.Elems, []byte{3, 0, 1, 0})
	exportF  = rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1))
)

// refModule has function 0 of type 0, which returns 7 more than it gets, and function 1, which is tested, of type 2.
func refModule(locals []byte, code ...any) []byte {
	body := rawwasm.Bytes(locals, rawwasm.Bytes(code...), byte(0x0b))
	return rawwasm.Module(types, rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{2}), exportF, declared,
		rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0, 0x42, 7, 0x7c}), rawwasm.Bytes(len(body), body)))
}

var (
	none     = []byte{0}
	refFunc0 = []byte{0xd2, 0}
	five     = []byte{0x42, 5}
)

func onBothEngines(t *testing.T, test func(t *testing.T, ctx context.Context, r wazero.Runtime)) {
	engines := map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter()}
	if platform.CompilerSupported() {
		engines["compiler"] = wazero.NewRuntimeConfigCompiler()
	}
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(bodies.Features))
			defer r.Close(ctx)
			test(t, ctx, r)
		})
	}
}

func TestTypedReferences(t *testing.T) {
	for _, c := range []struct {
		name   string
		module []byte
		want   uint64
		err    string // when it is compiled
	}{
		{"call_ref", refModule(none, five, refFunc0, []byte{0x14, 0}), 12, ""},
		{"call_ref of an equal type", refModule(none, five, refFunc0, []byte{0x14, 3}), 12, ""},
		{"call_ref of another type", refModule(none, five, five, refFunc0, []byte{0x14, 1}), 0, "type mismatch"},
		{"return_call_ref of another type", refModule(none, five, five, refFunc0, []byte{0x15, 1}), 0, "type mismatch"},
		{"local of another type", refModule(rawwasm.Bytes([]byte{1, 1}, null(1)), refFunc0, []byte{0x21, 0}, five), 0, "type mismatch"},
		{"local of an equal type", refModule(rawwasm.Bytes([]byte{1, 1}, null(3)), refFunc0, []byte{0x21, 0}, five, []byte{0x20, 0, 0x14, 0}), 12, ""},
		{"block of another type", refModule(none, five, []byte{0x02}, null(1), refFunc0, []byte{0x0b, 0x1a}), 0, "cannot use"},
		{"block of an equal type", refModule(none, five, []byte{0x02}, null(3), refFunc0, []byte{0x0b, 0x14, 0}), 12, ""},
		// The default label takes any function, the other one of type 1.
		{
			"br_table", refModule(none, []byte{0x02}, null(1), []byte{0x02, 0x70}, refFunc0, []byte{0x41, 0, 0x0e, 1, 1, 0, 0x0b, 0x1a, 0x00, 0x0b, 0x1a}, five),
			0, "inconsistent block type",
		},
		{"select", refModule(none, five, refFunc0, []byte{0xd0, 0, 0x41, 1, 0x1c, 1}, null(0), []byte{0x14, 0}), 12, ""},
		{"select of the other one", refModule(none, five, []byte{0xd0, 0}, refFunc0, []byte{0x41, 0, 0x1c, 1, 0x63, 0x80, 0x80, 0x80, 0x80, 0, 0x14, 0}), 12, ""},
		{"select of one that is not null", refModule(none, five, refFunc0, refFunc0, []byte{0x41, 0, 0x1c, 1, 0x64, 0, 0x14, 0}), 12, ""},
		{"select of an exception", refModule(none, five, []byte{0xd0, rawwasm.ExnRef, 0xd0, rawwasm.ExnRef, 0x41, 0, 0x1c, 1, rawwasm.ExnRef, 0x1a}), 5, ""},
		{"select whose type ends in opcodes", refModule(none, five, []byte{0xd0, 0x70, 0xd0, 0x70, 0x41, 0, 0x1c, 1, 0x63, 0xf0, 0x7f, 0x1a}), 5, ""},
		{"select of what is null", refModule(none, five, refFunc0, []byte{0xd0, 0, 0x41, 0, 0x1c, 1, 0x64, 0, 0x14, 0}), 0, "type mismatch on 1st and 2nd"},
		{"select of another type", refModule(none, five, five, []byte{0x41, 0, 0x1c, 1, 0x7f, 0x1a}, five), 0, "type mismatch on 1st and 2nd"},
		{"try_table keeps what is set", refModule([]byte{1, 1, 0x64, 0}, refFunc0, []byte{0x21, 0, 0x1f, 0x40, 0, 0x0b}, five, []byte{0x20, 0, 0x14, 0}), 12, ""},
		{"try_table forgets what is set in it", refModule([]byte{1, 1, 0x64, 0, 0x1f, 0x40, 0}, refFunc0, []byte{0x21, 0, 0x0b}, five, []byte{0x20, 0, 0x14, 0}), 0, "uninitialized local"},
		{"misc opcode in two bytes", refModule(none, []byte{0x44, 0, 0, 0, 0, 0, 0, 0x10, 0x40, 0xfc, 0x86, 0}), 4, ""},
		{ // (ref null $1) of what is null, and (ref $0) too
			"null is not a function", rawwasm.Module(types, rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Globals, []byte{0x64, 0x70, 0, 0xd0, 0x70, 0x0b}),
				rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0}))), 0, "const expression type mismatch",
		},
		{
			"global of another type", rawwasm.Module(types, rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Globals, []byte{0x63, 1, 0, 0xd2, 0, 0x0b}),
				rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0}))), 0, "const expression type mismatch",
		},
		{
			"element of another type", rawwasm.Module(types, rawwasm.Section(rawwasm.Funcs, []byte{0}), rawwasm.Section(rawwasm.Elems, []byte{5, 0x63, 1, 1, 0xd2, 0, 0x0b}),
				rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0}))), 0, "must be (ref null 1)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, ctx context.Context, r wazero.Runtime) {
				m, err := r.Instantiate(ctx, c.module)
				if c.err != "" {
					require.Error(t, err)
					require.Contains(t, err.Error(), c.err)
					return
				}
				require.NoError(t, err)
				results, err := m.ExportedFunction("f").Call(ctx)
				require.NoError(t, err)
				require.Equal(t, c.want, results[0])
			})
		})
	}
}

// Whoever imports says a type by an index of its own.
func TestTypedReferencesOfOtherModules(t *testing.T) {
	// (ref null 0) of a global, a table, a tag and a function, of i64 -> i64; type 2 is in a recursion group with a function of i64 -> i64.
	exporter := rawwasm.Module(
		rawwasm.Section(rawwasm.Types, function([][]byte{i64}, [][]byte{i64}), function([][]byte{null(0)}, nil),
			rawwasm.Bytes([]byte{0x4e, 2}, function([][]byte{null(3)}, nil), function([][]byte{i64}, [][]byte{i64}))),
		rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{1}, []byte{2}), rawwasm.Section(rawwasm.Tables, []byte{0x63, 0, 0, 1}), rawwasm.Section(rawwasm.Tags, []byte{0, 1}),
		rawwasm.Section(rawwasm.Globals, []byte{0x63, 0, 0, 0xd2, 0, 0x0b}, []byte{0x63, 0, 1, 0xd2, 0, 0x0b}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("global", byte(3), 0), rawwasm.Bytes("variable", byte(3), 1), rawwasm.Bytes("table", byte(1), 0), rawwasm.Bytes("tag", byte(4), 0),
			rawwasm.Bytes("function", byte(0), 1), rawwasm.Bytes("recursive", byte(0), 2)),
		rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, []byte{0x20, 0}), rawwasm.Func(nil), rawwasm.Func(nil)))
	onBothEngines(t, func(t *testing.T, ctx context.Context, r wazero.Runtime) {
		_, err := r.InstantiateWithConfig(ctx, exporter, wazero.NewModuleConfig().WithName("exporter"))
		require.NoError(t, err)
		for name, kind := range map[string]func(t byte) []byte{
			"global":    func(t byte) []byte { return []byte{3, 0x63, t, 0} },
			"variable":  func(t byte) []byte { return []byte{3, 0x63, t, 1} },
			"table":     func(t byte) []byte { return []byte{1, 0x63, t, 0, 1} },
			"tag":       func(t byte) []byte { return []byte{4, 0, t + 2} },
			"function":  func(t byte) []byte { return []byte{0, t + 2} },
			"recursive": func(t byte) []byte { return []byte{0, 4 + 2*t} },
		} {
			for _, c := range []struct {
				first [][]byte // the params of type 0 of the importer
				t     byte
				ok    bool
			}{
				{[][]byte{i64}, 0, true}, {[][]byte{f64}, 0, false}, {[][]byte{f64}, 1, true},
			} {
				importer := rawwasm.Module(
					rawwasm.Section(rawwasm.Types, function(c.first, [][]byte{i64}), function([][]byte{i64}, [][]byte{i64}), function([][]byte{null(0)}, nil), function([][]byte{null(1)}, nil),
						rawwasm.Bytes([]byte{0x4e, 2}, function([][]byte{null(5)}, nil), function(c.first, [][]byte{i64})),
						rawwasm.Bytes([]byte{0x4e, 2}, function([][]byte{null(7)}, nil), function([][]byte{i64}, [][]byte{i64}))),
					rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("exporter", name, kind(c.t))))
				_, err := r.InstantiateWithConfig(ctx, importer, wazero.NewModuleConfig().WithName(""))
				if c.ok != (err == nil) {
					t.Errorf("%s as type %d of %x: %v", name, c.t, c.first, err)
				}
			}
		}
	})
}

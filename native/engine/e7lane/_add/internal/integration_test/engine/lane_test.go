package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestLanesUnderPressure has an instruction that changes a part of a vector between many values that live around it, more and more until the
// registers do not suffice: all that is left of the vector has to be what it was.
func TestLanesUnderPressure(t *testing.T) {
	ctx := context.Background()
	simd := func(opcode int, immediate ...any) []byte {
		return rawwasm.Bytes(byte(0xfd), opcode, rawwasm.Bytes(immediate...))
	}
	get := func(local int) []byte { return rawwasm.Bytes(byte(0x20), local) }
	set := func(local int) []byte { return rawwasm.Bytes(byte(0x21), local) }
	const c, x, y = 0, 1, 2 // parameters: i32, f64, f64
	const v, w = 3, 4       // locals
	const a, b = 1 << 20, 3
	of := func(param int) []byte { return rawwasm.Bytes(get(param), simd(0x14)) } // f64x2.splat
	for _, tc := range []struct {
		name     string
		typ      byte   // of the operand w
		w        []byte // made of y
		code     []byte // of the vector v, in which is x twice, and of w
		lane     []byte // to f64
		expected float64
	}{
		{"f64x2.replace_lane 0", rawwasm.F64, get(y), simd(0x22, byte(0)), simd(0x21, byte(1)), a},
		{"f64x2.replace_lane 1", rawwasm.F64, get(y), simd(0x22, byte(1)), simd(0x21, byte(0)), a},
		{"f32x4.replace_lane 0", rawwasm.F32, rawwasm.Bytes(get(y), byte(0xb6)), simd(0x20, byte(0)), simd(0x21, byte(1)), a},
		{"f32x4.replace_lane 3", rawwasm.F32, rawwasm.Bytes(get(y), byte(0xb6)), simd(0x20, byte(3)), simd(0x21, byte(0)), a},
		{"i16x8.narrow_i32x4_s", rawwasm.V128, of(y), simd(0x85, byte(1)), rawwasm.Bytes(simd(0x18, byte(1)), byte(0xb7)), 32767},
		{"i8x16.narrow_i16x8_u", rawwasm.V128, of(y), simd(0x66), rawwasm.Bytes(simd(0x16, byte(3)), byte(0xb7)), 255},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfigCompiler(), wazero.NewRuntimeConfigInterpreter()} {
				r := wazero.NewRuntimeWithConfig(ctx, config)
				for live := 0; live < 40; live++ {
					code := rawwasm.Bytes(of(x), set(v), tc.w, set(w))
					locals := []byte{rawwasm.V128, tc.typ}
					for i := range live { // v128 and f64 that are used behind it
						local := 5 + i
						locals = append(locals, []byte{rawwasm.V128, rawwasm.F64}[i&1])
						code = rawwasm.Bytes(code, get(x), get(y), byte(0xa0))
						if i&1 == 0 {
							code = append(code, simd(0x14)...)
						}
						code = append(code, set(local)...)
					}
					// All of them have to be put away; w belongs into the register of the first argument, and the result into that of the first result.
					code = rawwasm.Bytes(code, get(w), byte(0x10), 0)
					code = rawwasm.Bytes(code, get(v), get(w), tc.code)
					code = rawwasm.Bytes(code, get(v), simd(0x21, byte(0))) // v is used once more
					for i := range live {
						code = append(code, get(5+i)...)
						if i&1 == 0 {
							code = append(code, simd(0x21, byte(1))...)
						}
						code = append(code, 0xa0) // f64.add
					}
					lane := rawwasm.Bytes(get(c), get(x), get(y), byte(0x10), 1, set(3), tc.lane, get(3), byte(0xa0)) // call 1, add
					m, err := r.Instantiate(ctx, rawwasm.Module(
						rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{tc.typ}, nil),
							rawwasm.Type([]byte{rawwasm.I32, rawwasm.F64, rawwasm.F64}, []byte{rawwasm.V128, rawwasm.F64}),
							rawwasm.Type([]byte{rawwasm.I32, rawwasm.F64, rawwasm.F64}, []byte{rawwasm.F64})),
						rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{1}, []byte{2}),
						rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 2)),
						rawwasm.Section(rawwasm.Code, rawwasm.Func(nil), rawwasm.Func(locals, code), rawwasm.Func([]byte{rawwasm.F64}, lane)),
					))
					require.NoError(t, err)
					res, err := m.ExportedFunction("f").Call(ctx, c, api.EncodeF64(a), api.EncodeF64(b))
					require.NoError(t, err)
					require.Equal(t, tc.expected+a+float64(live)*(a+b), api.DecodeF64(res[0]), "%d live values", live)
					require.NoError(t, m.Close(ctx))
				}
				require.NoError(t, r.Close(ctx))
			}
		})
	}
}

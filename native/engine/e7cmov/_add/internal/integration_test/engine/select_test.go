package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestSelectAroundCall: an operand that lives across a call has to be reloaded, where the copy of the other one may not be.
func TestSelectAroundCall(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	splat := rawwasm.Bytes(byte(0xfd), 0x14)   // f64x2.splat
	extract := rawwasm.Bytes(byte(0xfd), 0x21) // f64x2.extract_lane 1
	extract = append(extract, 1)
	for _, tc := range []struct {
		name      string
		typ       byte
		from, add []byte // of a parameter of f64; of two values
		to        []byte // f64
	}{
		{"f64", rawwasm.F64, nil, []byte{0xa0}, nil},
		{"f32", rawwasm.F32, []byte{0xb6}, []byte{0x92}, []byte{0xbb}},
		{"v128", rawwasm.V128, splat, rawwasm.Bytes(byte(0xfd), 0xf0), extract},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var body []byte
			for local := range 2 { // locals 3 and 4: parameters 1 and 2
				body = rawwasm.Bytes(body, byte(0x20), 1+local, tc.from, byte(0x21), 3+local)
			}
			body = rawwasm.Bytes(body, byte(0x20), 3, byte(0x20), 4, tc.add, byte(0x21), 3)                // local 3 += local 4
			body = rawwasm.Bytes(body, byte(0x20), 3, byte(0x10), 0)                                       // call 0 (local 3)
			body = rawwasm.Bytes(body, byte(0x20), 3, byte(0x20), 4, byte(0x20), 0, byte(0x1c), 1, tc.typ) // select
			body = append(body, tc.to...)
			m, err := r.Instantiate(ctx, rawwasm.Module(
				rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{tc.typ}, nil),
					rawwasm.Type([]byte{rawwasm.I32, rawwasm.F64, rawwasm.F64}, []byte{rawwasm.F64})),
				rawwasm.Section(rawwasm.Funcs, []byte{0}, []byte{1}),
				rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 1)),
				rawwasm.Section(rawwasm.Code, rawwasm.Func(nil), rawwasm.Func([]byte{tc.typ, tc.typ}, body)),
			))
			require.NoError(t, err)
			for condition, want := range []float64{2.25, 3.5} {
				res, err := m.ExportedFunction("f").Call(ctx, uint64(condition), api.EncodeF64(1.25), api.EncodeF64(2.25))
				require.NoError(t, err)
				require.Equal(t, want, api.DecodeF64(res[0]))
			}
			require.NoError(t, m.Close(ctx))
		})
	}
}

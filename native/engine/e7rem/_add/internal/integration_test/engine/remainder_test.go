package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Remainders with many values live around them, more and more until the registers do not suffice.
func TestRemainderUnderPressure(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	const a, b = 1000003, 1009
	for _, op := range []byte{0x81, 0x82} { // rem_s, rem_u
		for live := 1; live < 40; live++ {
			var code, locals []byte
			want := uint64(0)
			for i := range live { // local i+3 = (a + i) * (a + b)
				locals = append(locals, rawwasm.I64)
				code = append(code, 0x20, 0, 0x42, byte(i), 0x7c, 0x20, 0, 0x20, 1, 0x7c, 0x7e, 0x21, byte(i+3))
				want += (a + uint64(i)) * (a + b)
			}
			code = append(code, 0x20, 0, 0x20, 1, op, 0x21, 2) // local 2 = a rem b
			code = append(code, 0x42, 0)
			for i := range live {
				code = append(code, 0x20, byte(i+3), 0x7c)
			}
			code = append(code, 0x20, 2, 0x85) // sum xor remainder: the remainder is what is used last
			m, err := r.Instantiate(ctx, rawwasm.Module(
				rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I64, rawwasm.I64}, []byte{rawwasm.I64})),
				rawwasm.Section(rawwasm.Funcs, []byte{0}),
				rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)),
				rawwasm.Section(rawwasm.Code, rawwasm.Func(append(locals, rawwasm.I64), code)),
			))
			require.NoError(t, err)
			res, err := m.ExportedFunction("f").Call(ctx, a, b)
			require.NoError(t, err)
			require.Equal(t, want^(a%b), res[0], "with %d live values", live)
			require.NoError(t, m.Close(ctx))
		}
	}
}

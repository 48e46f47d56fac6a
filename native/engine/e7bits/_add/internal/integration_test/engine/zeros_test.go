package adhoc

import (
	"context"
	"math/bits"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestZerosOnOldProcessors: more values than registers live across a clz or ctz, whose operand is the one used last.
func TestZerosOnOldProcessors(t *testing.T) {
	before := platform.CpuFeatures
	platform.CpuFeatures &^= platform.CpuFeatureAmd64ABM | platform.CpuFeatureAmd64BMI1
	defer func() { platform.CpuFeatures = before }()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	const live = 20
	for name, op := range map[string]struct {
		code byte
		of   func(uint64) int
	}{"clz": {0x79, bits.LeadingZeros64}, "ctz": {0x7a, bits.TrailingZeros64}} {
		t.Run(name, func(t *testing.T) {
			var body []byte
			for i := range live { // locals 1 to live: parameter 0 plus their index
				body = rawwasm.Bytes(body, byte(0x20), 0, byte(0x42), i, byte(0x7c), byte(0x21), 1+i)
			}
			body = rawwasm.Bytes(body, byte(0x20), 0, op.code) // the count
			for i := range live {
				body = rawwasm.Bytes(body, byte(0x20), 1+i, byte(0x7c))
			}
			body = rawwasm.Bytes(body, byte(0x20), 0, byte(0x7c)) // and the parameter itself, last
			locals := make([]byte, live)
			for i := range locals {
				locals[i] = rawwasm.I64
			}
			m, err := r.Instantiate(ctx, rawwasm.Module(
				rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I64}, []byte{rawwasm.I64})),
				rawwasm.Section(rawwasm.Funcs, []byte{0}),
				rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)),
				rawwasm.Section(rawwasm.Code, rawwasm.Func(locals, body)),
			))
			require.NoError(t, err)
			for _, x := range []uint64{0, 1, 2, 0x8000, 1 << 31, 1 << 63, 0xf0f0 << 20, 1<<64 - 1} {
				want := uint64(op.of(x)) + x
				for i := range uint64(live) {
					want += x + i
				}
				got, err := m.ExportedFunction("f").Call(ctx, x)
				require.NoError(t, err)
				require.Equal(t, want, got[0])
			}
			require.NoError(t, m.Close(ctx))
		})
	}
}

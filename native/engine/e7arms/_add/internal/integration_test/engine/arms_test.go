package adhoc

import (
	"context"
	"math"
	"math/bits"
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// TestArms: more values than registers live across an operation that jumps over code of its own, and its operand is the one that is used last: the allocator takes
// its register first.
func TestArms(t *testing.T) {
	before := platform.CpuFeatures
	if runtime.GOARCH == "amd64" { // a processor of before 2013
		platform.CpuFeatures &^= platform.CpuFeatureAmd64ABM | platform.CpuFeatureAmd64BMI1
	}
	defer func() { platform.CpuFeatures = before }()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	const live = 20
	for name, op := range map[string]struct {
		code []byte
		of   func(uint64) uint64
	}{
		"clz":               {[]byte{0x79}, func(x uint64) uint64 { return uint64(bits.LeadingZeros64(x)) }},
		"ctz":               {[]byte{0x7a}, func(x uint64) uint64 { return uint64(bits.TrailingZeros64(x)) }},
		"f64.convert_i64_u": {[]byte{0xba, 0xbd}, func(x uint64) uint64 { return math.Float64bits(float64(x)) }},
		"f32.convert_i64_u": {[]byte{0xb5, 0xbc, 0xad}, func(x uint64) uint64 { return uint64(math.Float32bits(float32(x))) }},
	} {
		t.Run(name, func(t *testing.T) {
			var body []byte
			for i := range live { // locals 1 to live: parameter 0 plus their index
				body = rawwasm.Bytes(body, byte(0x20), 0, byte(0x42), i, byte(0x7c), byte(0x21), 1+i)
			}
			body = rawwasm.Bytes(body, byte(0x20), 0, op.code, byte(0x20), 0, byte(0x7c)) // whose operand is used at once
			for i := range live {
				body = rawwasm.Bytes(body, byte(0x20), 1+i, byte(0x7c))
			}
			body = rawwasm.Bytes(body, byte(0x20), 0, byte(0x7c)) // and last of all: it is what makes room
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
				want := op.of(x) + 2*x
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

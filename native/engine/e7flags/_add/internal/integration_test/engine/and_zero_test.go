package adhoc

import (
	"context"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Branches on x & y compared with zero: each comparison, the zero on either side, taken if it is true and if it is not.
func TestAndComparedWithZero(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	for _, width := range []struct {
		typ, zero, and, first byte // first: of the comparisons, from eq to ge_u
	}{{rawwasm.I32, 0x41, 0x71, 0x46}, {rawwasm.I64, 0x42, 0x83, 0x51}} {
		for op := range byte(10) {
			for form := range byte(4) {
				zero, and := []byte{width.zero, 0}, []byte{0x20, 0, 0x20, 1, width.and}
				var code []byte
				if form&1 == 0 {
					code = append(append(code, zero...), and...)
				} else {
					code = append(append(code, and...), zero...)
				}
				code = append(code, width.first+op)
				if form&2 == 0 { // (if (result i32) (then 1) (else 0))
					code = append(code, 0x04, rawwasm.I32, 0x41, 1, 0x05, 0x41, 0, 0x0b)
				} else { // (block (br_if 0) (return 0)) 1
					code = append(append([]byte{0x02, 0x40}, code...), 0x0d, 0, 0x41, 0, 0x0f, 0x0b, 0x41, 1)
				}
				m, err := r.Instantiate(ctx, rawwasm.Module(
					rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{width.typ, width.typ}, []byte{rawwasm.I32})),
					rawwasm.Section(rawwasm.Funcs, []byte{0}),
					rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)),
					rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, code)),
				))
				require.NoError(t, err)
				for _, x := range []int64{0, 1, 5, -1, -1 << 31, -1 << 63} {
					for _, y := range []int64{0, 1, -1} {
						value := x & y
						if width.typ == rawwasm.I32 {
							value = int64(int32(value))
						}
						left, right := int64(0), value
						if form&1 != 0 {
							left, right = value, 0
						}
						res, err := m.ExportedFunction("f").Call(ctx, argument(width.typ, x), argument(width.typ, y))
						require.NoError(t, err)
						require.Equal(t, compared(op, left, right), uint32(res[0]) == 1, fmt.Sprintf("type %x, comparison %d, form %d, %d & %d", width.typ, op, form, x, y))
					}
				}
				require.NoError(t, m.Close(ctx))
			}
		}
	}
}

func argument(typ byte, v int64) uint64 {
	if typ == rawwasm.I32 {
		return uint64(uint32(v))
	}
	return uint64(v)
}

// compared is what the comparisons mean, in the order of their opcodes: eq, ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u.
func compared(op byte, x, y int64) bool {
	ux, uy := uint64(x), uint64(y)
	return [...]bool{x == y, x != y, x < y, ux < uy, x > y, ux > uy, x <= y, ux <= uy, x >= y, ux >= uy}[op]
}

package adhoc

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// An interpreter of bytes that are in memory from the address of its argument on: 0 doubles, 1 adds one, 2 xors with 255, 3 begins again at 0, and
// the rest end it. The jump through the table, and the load before it, which may trap, are at the end of each arm.
func TestInterpretersLoop(t *testing.T) {
	arm := func(depth byte, code ...byte) []byte { return append(code, 0x0c, depth, 0x0b) } // br to the loop; end
	body := rawwasm.Bytes(
		[]byte{0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40},
		[]byte{0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, 1, 0x6b, 0x2d, 0, 0}, // i32.load8_u of local 0, which is one more then
		[]byte{0x0e, 4, 0, 1, 2, 3, 4, 0x0b},
		arm(4, 0x20, 1, 0x41, 1, 0x74, 0x21, 1),
		arm(3, 0x20, 1, 0x41, 1, 0x6a, 0x21, 1),
		arm(2, 0x20, 1, 0x41, 0xff, 1, 0x73, 0x21, 1),
		arm(1, 0x41, 0, 0x21, 0),
		[]byte{0x0b, 0x20, 1},
	)
	binary := rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32, rawwasm.I32}, []byte{rawwasm.I32})),
		rawwasm.Section(rawwasm.Funcs, []byte{0}),
		rawwasm.Section(rawwasm.Memories, []byte{0, 1}),
		rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)),
		rawwasm.Section(rawwasm.Code, rawwasm.Func(nil, body)),
	)
	ctx := context.Background()
	for _, stops := range []bool{false, true} {
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(stops))
		defer r.Close(ctx)
		m, err := r.Instantiate(ctx, binary)
		require.NoError(t, err)
		run := func(program []byte, at, x uint32) (uint32, error) {
			require.True(t, m.Memory().Write(at, program))
			results, err := m.ExportedFunction("f").Call(ctx, uint64(at), uint64(x))
			if err != nil {
				return 0, err
			}
			return uint32(results[0]), nil
		}
		program, want := []byte{}, uint32(7)
		for i := range 1000 {
			switch op := byte(i * i % 7 % 3); op {
			case 0:
				want <<= 1
				program = append(program, op)
			case 1:
				want++
				program = append(program, op)
			case 2:
				want ^= 255
				program = append(program, op)
			}
		}
		got, err := run(append(program, 9), 1000, 7)
		require.NoError(t, err)
		require.Equal(t, want, got)
		for _, op := range []byte{0, 1, 2} { // up to the end of memory, and beyond
			_, err = run([]byte{op, op, op}, 65533, 7)
			require.True(t, errors.Is(err, wasmruntime.ErrRuntimeOutOfBoundsMemoryAccess), "%v", err)
		}
		if stops {
			deadline, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			require.True(t, m.Memory().Write(0, []byte{0, 1, 2, 3}))
			_, err = m.ExportedFunction("f").Call(deadline, 0, 7)
			require.Contains(t, err.Error(), "context deadline exceeded")
		}
	}
}

package exits

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/tetratelabs/wazero"
	. "github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// trap is an instruction that takes these constants off the stack, with which it traps or does not.
type trap struct {
	name     string
	op       []byte
	typ      byte // of the operands
	bad, ok  []uint64
	result   byte // 0: none
	complain string
}

var traps = func() (all []trap) {
	f64, f32 := math.Float64bits, func(v float32) uint64 { return uint64(math.Float32bits(v)) }
	const end = 65536
	for op := byte(0x28); op <= 0x35; op++ { // loads
		all = append(all, trap{fmt.Sprintf("load %#x", op), []byte{op, 0, 0}, I32, []uint64{end}, []uint64{8}, memoryType(op), "out of bounds memory access"})
	}
	all = append(all,
		trap{"load with offset", []byte{0x29, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, I32, []uint64{1}, nil, I64, "out of bounds memory access"},
		trap{"store", []byte{0x36, 0, 4}, I32, []uint64{end - 7, 1}, []uint64{end - 8, 1}, 0, "out of bounds memory access"},
		trap{"fill", []byte{0xfc, 11, 0}, I32, []uint64{end - 1, 1, 2}, []uint64{end - 1, 0, 1}, 0, "out of bounds memory access"},
		trap{"copy from", []byte{0xfc, 10, 0, 0}, I32, []uint64{0, end - 1, 2}, []uint64{0, end - 1, 1}, 0, "out of bounds memory access"},
		trap{"copy to", []byte{0xfc, 10, 0, 0}, I32, []uint64{end - 1, 0, 2}, []uint64{end - 1, 0, 1}, 0, "out of bounds memory access"},
		trap{"unreachable", []byte{0x00}, I32, []uint64{}, nil, 0, "unreachable"},
		trap{"call of nothing", []byte{0x11, 1, 0}, I32, []uint64{1}, []uint64{0}, 0, "invalid table access"},
		trap{"call of something else", []byte{0x11, 2, 0}, I32, []uint64{0}, nil, I32, "indirect call type mismatch"},
		trap{"call past the table", []byte{0x11, 1, 0}, I32, []uint64{2}, []uint64{0}, 0, "invalid table access"},
	)
	for i, op := range []byte{0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82} { // div and rem
		typ, low := I32, uint64(1<<31)
		if i >= 4 {
			typ, low = I64, 1<<63
		}
		all = append(all, trap{fmt.Sprintf("divide %#x", op), []byte{op}, typ, []uint64{7, 0}, []uint64{7, 2}, typ, "integer divide by zero"})
		if i%4 == 0 {
			all = append(all, trap{fmt.Sprintf("overflow %#x", op), []byte{op}, typ, []uint64{low, math.MaxUint64}, []uint64{low, 1}, typ, "integer overflow"})
		}
	}
	for i, op := range []byte{0xa8, 0xa9, 0xaa, 0xab, 0xae, 0xaf, 0xb0, 0xb1} { // trunc
		typ, nan, large, small, one := F32, f32(float32(math.NaN())), f32(1e30), f32(-1e30), f32(1)
		if i%4 >= 2 {
			typ, nan, large, small, one = F64, f64(math.NaN()), f64(1e30), f64(-1e30), f64(1)
		}
		result := I32
		if i >= 4 {
			result = I64
		}
		name := fmt.Sprintf("truncate %#x", op)
		all = append(all, trap{name, []byte{op}, typ, []uint64{nan}, []uint64{one}, result, "invalid conversion to integer"})
		all = append(all, trap{name, []byte{op}, typ, []uint64{large}, []uint64{one}, result, "integer overflow"})
		all = append(all, trap{name, []byte{op}, typ, []uint64{small}, []uint64{one}, result, "integer overflow"})
	}
	return
}()

func memoryType(load byte) byte {
	switch {
	case load == 0x28, load >= 0x2c && load <= 0x2f:
		return I32
	case load == 0x2a:
		return F32
	case load == 0x2b:
		return F64
	}
	return I64
}

// module has a function "bad" and one "ok", each with these instructions deep in two other functions, and with `live`
// values that live through them, so that the execution context is in one register or another, or on the stack.
func (tr *trap) module(live int) []byte {
	constant := func(v uint64) []byte {
		switch tr.typ {
		case I32:
			return Bytes(byte(0x41), int64(int32(v)))
		case I64:
			return Bytes(byte(0x42), int64(v))
		case F32:
			return binary.LittleEndian.AppendUint32([]byte{0x43}, uint32(v))
		}
		return binary.LittleEndian.AppendUint64([]byte{0x44}, v)
	}
	body := func(operands []uint64) (locals, code []byte) {
		for i := range live { // local i+1 = local 0 * (i+3), read back behind the instruction
			locals = append(locals, I64)
			code = append(code, Bytes(byte(0x20), 0, byte(0x42), int64(i+3), byte(0x7e), byte(0x21), i+1)...)
		}
		for i, v := range operands {
			// Operands come from locals, or the compiler would know them: two checks may follow from one constant.
			locals = append(locals, tr.typ)
			code = append(code, Bytes(constant(v), byte(0x21), live+1+i)...)
		}
		if live%2 == 1 { // and from another block
			code = append(code, Bytes(byte(0x20), 0, byte(0x50), byte(0x04), byte(0x40), byte(0x0f), byte(0x0b))...) // if local 0 == 0 return
		}
		for i := range operands {
			code = append(code, Bytes(byte(0x20), live+1+i)...)
		}
		code = append(code, tr.op...)
		if tr.result != 0 {
			code = append(code, 0x1a) // drop
			if tr.name[0] == 'd' || tr.name[0] == 'l' {
				code[len(code)-1] = 0x21 // local.set: the result is alive
				locals = append(locals, tr.result)
				code = append(code, Bytes(live+len(operands)+1)...)
			}
		}
		for i := range live {
			code = append(code, Bytes(byte(0x20), i+1, byte(0x24), 0)...) // global.set
		}
		return
	}
	badLocals, bad := body(tr.bad)
	okLocals, ok := body(tr.ok)
	if tr.ok == nil {
		okLocals, ok = nil, nil
	}
	call := func(f int) []byte { return Func(nil, byte(0x42), int64(9), byte(0x10), f) }
	return Module(
		Section(Types, Type([]byte{I64}, nil), Type(nil, nil), Type(nil, []byte{I32})),
		Section(Funcs, []byte{0}, []byte{0}, []byte{1}, []byte{1}, []byte{1}),
		Section(Tables, []byte{FuncRef, 0, 2}),
		Section(Memories, []byte{0, 1}),
		Section(Globals, Bytes(I64, byte(1), byte(0x42), byte(0), byte(0x0b))),
		Section(Exports, Bytes("bad", byte(0), 2), Bytes("ok", byte(0), 3)),
		Section(Elems, []byte{0, 0x41, 0, 0x0b, 1, 4}),
		Section(Code, Func(badLocals, bad), Func(okLocals, ok), call(0), call(1), Func(nil)),
	)
}

// Each kind of trap: what it says and where it was, as the interpreter has it; and the same module goes on.
func TestColdExits(t *testing.T) {
	ctx := context.Background()
	compiler, interpreter := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler()), wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer compiler.Close(ctx)
	defer interpreter.Close(ctx)
	for i := range traps {
		tr := &traps[i]
		for _, live := range []int{0, 1, 5, 8, 9, 10, 11, 12, 13, 14, 21, 24, 25, 26, 27, 28, 40} {
			bin := tr.module(live)
			want, err := interpreter.Instantiate(ctx, bin)
			require.NoError(t, err, "%s", tr.name)
			_, wantErr := want.ExportedFunction("bad").Call(ctx)
			require.Error(t, wantErr, "%s", tr.name)
			require.Contains(t, wantErr.Error(), tr.complain)
			require.NoError(t, want.Close(ctx))

			m, err := compiler.Instantiate(ctx, bin)
			require.NoError(t, err)
			for range 2 {
				_, err = m.ExportedFunction("bad").Call(ctx)
				require.EqualError(t, err, wantErr.Error(), "%s with %d live values", tr.name, live)
				_, err = m.ExportedFunction("ok").Call(ctx)
				require.NoError(t, err, "%s with %d live values", tr.name, live)
			}
			require.NoError(t, m.Close(ctx))
		}
	}
}

// A function so large that what stands behind it is out of a conditional branch's reach on arm64 (1 MiB).
func TestColdExitsFarAway(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	load := func(local int) []byte { return Bytes(byte(0x20), local, []byte{0x28, 0, 0}, byte(0x21), local) }
	code := load(0)
	for range 60_000 {
		code = append(code, load(1)...)
	}
	code = append(code, Bytes(byte(0x20), 2, byte(0x20), 0, byte(0x6d), byte(0x1a))...) // divides by local 0
	code = append(code, load(2)...)
	m, err := r.Instantiate(ctx, Module(
		Section(Types, Type([]byte{I32, I32, I32}, nil)),
		Section(Funcs, []byte{0}),
		Section(Memories, []byte{0, 1}),
		Section(Exports, Bytes("f", byte(0), 0)),
		Section(Code, Func(nil, code)),
		Bytes(byte(11), 8, []byte{1, 0, 0x41, 0, 0x0b, 2, 0, 1}), // 256 at 0, so 1 at 1 and 0 at 2
	))
	require.NoError(t, err)
	f := m.ExportedFunction("f")
	for _, c := range []struct {
		args [3]uint64
		want string
	}{
		{[3]uint64{0, 2, 8}, ""},
		{[3]uint64{1 << 20, 2, 8}, "out of bounds memory access"},
		{[3]uint64{0, 1 << 20, 8}, "out of bounds memory access"},
		{[3]uint64{0, 2, 1 << 20}, "out of bounds memory access"},
		{[3]uint64{2, 2, 8}, "integer divide by zero"},
	} {
		_, err := f.Call(ctx, c.args[0], c.args[1], c.args[2])
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.Error(t, err)
			require.Contains(t, err.Error(), c.want)
		}
	}
}

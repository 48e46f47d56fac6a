package wazevo_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	. "github.com/tetratelabs/wazero/internal/testing/rawwasm"
)

// Guests for the tests of interruption. Each exports "f".

// asm assembles instructions: a name, then its immediates (unsigned numbers, signed ones for constants, bytes in hex
// for block types).
func asm(text string) (b []byte) {
	words := strings.Fields(text)
	next := func() string { w := words[0]; words = words[1:]; return w }
	number := func() int64 {
		n, err := strconv.ParseInt(next(), 0, 64)
		if err != nil {
			panic(err)
		}
		return n
	}
	for len(words) > 0 {
		name := next()
		op, ok := opcodes[name]
		if !ok {
			panic("unknown instruction " + name)
		}
		b = append(b, op...)
		switch {
		case strings.HasSuffix(name, "f64.const"):
			v, err := strconv.ParseFloat(next(), 64)
			if err != nil {
				panic(err)
			}
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		case strings.HasSuffix(name, ".const"):
			b = append(b, Bytes(number())...)
		case name == "block" || name == "loop" || name == "if":
			b = append(b, byte(number()))
		default:
			for i := 0; i < immediates[name]; i++ {
				b = append(b, Bytes(int(number()))...)
			}
		}
	}
	return b
}

var immediates = map[string]int{
	"br": 1, "br_if": 1, "call": 1, "return_call": 1, "call_indirect": 2, "return_call_indirect": 2,
	"local.get": 1, "local.set": 1, "local.tee": 1, "global.get": 1, "global.set": 1, "memory.grow": 1,
	"i64.load": 2, "i64.store": 2, "f64.load": 2, "f64.store": 2, "i32.load8_u": 2, "i32.store8": 2,
	"i64x2.extract_lane": 1, "ref.func": 1,
}

var opcodes = map[string][]byte{
	"unreachable": {0}, "block": {2}, "loop": {3}, "if": {4}, "else": {5}, "end": {0xb}, "br": {0xc}, "br_if": {0xd},
	"return": {0xf}, "call": {0x10}, "call_indirect": {0x11}, "return_call": {0x12}, "return_call_indirect": {0x13},
	"drop": {0x1a}, "local.get": {0x20}, "local.set": {0x21}, "local.tee": {0x22}, "global.get": {0x23}, "global.set": {0x24},
	"i64.load": {0x29}, "f64.load": {0x2b}, "i32.load8_u": {0x2d}, "i64.store": {0x37}, "f64.store": {0x39}, "i32.store8": {0x3a},
	"memory.grow": {0x40}, "i32.const": {0x41}, "i64.const": {0x42}, "f64.const": {0x44}, "i32.eqz": {0x45}, "i64.eqz": {0x50},
	"i64.lt_s": {0x53}, "i64.gt_s": {0x55}, "i64.le_s": {0x57}, "i64.ge_s": {0x59}, "i32.wrap_i64": {0xa7}, "i32.and": {0x71}, "i64.add": {0x7c},
	"i64.sub": {0x7d}, "i64.mul": {0x7e}, "i64.and": {0x83}, "i64.xor": {0x85}, "i64.rotl": {0x89}, "f64.add": {0xa0},
	"f64.sub": {0xa1}, "f64.mul": {0xa2}, "f64.convert_i64_s": {0xb9}, "i64.reinterpret_f64": {0xbd}, "ref.func": {0xd2},
	"i64x2.splat": {0xfd, 0x12}, "i64x2.extract_lane": {0xfd, 0x1d}, "i64x2.add": {0xfd, 0xce, 0x01}, "v128.xor": {0xfd, 0x51},
}

// signatures: 0 (i64) -> i64, 1 () -> (), 2 (14 i64) -> i64.
var types = Section(Types,
	Type([]byte{I64}, []byte{I64}), Type(nil, nil), Type(repeat(I64, 14), []byte{I64}))

func repeat(t byte, n int) (types []byte) {
	for ; n > 0; n-- {
		types = append(types, t)
	}
	return
}

// fn is a function: a type, locals, code.
type fn struct {
	typ    int
	locals []byte
	code   string
}

// guest is a module of these functions, the first exported as "f", the last as "last", all in a table, with a memory,
// an i64 global and an imported host function env.h: (i64) -> i64, which is function 0.
func guest(fns ...fn) []byte { return guestStarting(-1, fns...) }

func guestStarting(start int, fns ...fn) []byte {
	var typ, code [][]byte
	elems := Bytes(len(fns))
	for i, f := range fns {
		typ = append(typ, Bytes(f.typ))
		code = append(code, Func(f.locals, asm(f.code)))
		elems = append(elems, Bytes(i+1)...)
	}
	sections := [][]byte{
		types,
		Section(Imports, Bytes("env", "h", byte(0), 0)),
		Section(Funcs, typ...),
		Section(Tables, Bytes(FuncRef, byte(0), len(fns))),
		Section(Memories, Bytes(byte(0), 2)),
		Section(Globals, Bytes(I64, byte(1), byte(0x42), byte(0), byte(0xb))),
		Section(Exports, Bytes("f", byte(0), 1), Bytes("last", byte(0), len(fns)), Bytes("table", byte(1), 0)),
	}
	if start >= 0 {
		sections = append(sections, StartSection(start))
	}
	sections = append(sections,
		Section(Elems, Bytes(byte(0), byte(0x41), byte(0), byte(0xb), elems)),
		Section(Code, code...))
	return Module(sections...)
}

// loop counts local i up to local 0.
func loop(i int, body string) string {
	return fmt.Sprintf("loop 0x40 %s local.get %d i64.const 1 i64.add local.tee %d local.get 0 i64.lt_s br_if 0 end ", body, i, i)
}

// kernels are functions of (i64) -> i64 that compute something.
var kernels = map[string][]byte{
	"spin": guest(fn{0, repeat(I64, 2), loop(1, "local.get 2 i64.const 6364136223846793005 i64.mul local.get 1 i64.add local.set 2") + "local.get 2"}),
	"fib":  guest(fib),
	"nested loops": guest(fn{0, repeat(I64, 3), loop(1, "i64.const 0 local.set 2 "+
		loop(2, "local.get 3 local.get 1 i64.xor i64.const 7 i64.rotl local.get 2 i64.add local.set 3")) + "local.get 3"}),
	"sum in memory": guest(fn{0, []byte{I64, I64, F64}, loop(1, "local.get 1 i64.const 1023 i64.and i64.const 8 i64.mul i32.wrap_i64 "+
		"local.get 1 f64.convert_i64_s f64.store 3 0") + "i64.const 0 local.set 1 " +
		loop(1, "local.get 1 i64.const 1023 i64.and i64.const 8 i64.mul i32.wrap_i64 f64.load 3 0 f64.const 1.0625 f64.mul local.get 3 f64.add local.set 3") +
		"local.get 3 i64.reinterpret_f64"}),
	"indirect calls": guest(
		fn{0, repeat(I64, 2), loop(1, "local.get 2 local.get 1 i64.const 1 i64.and i64.const 1 i64.add i32.wrap_i64 call_indirect 0 0 local.set 2") + "local.get 2"},
		fn{0, nil, "local.get 0 i64.const 3 i64.mul i64.const 1 i64.add"},
		fn{0, nil, "local.get 0 i64.const 5 i64.rotl"}),
	"host calls": guest(fn{0, repeat(I64, 2), loop(1, "local.get 2 local.get 1 i64.add call 0 local.set 2") + "local.get 2"}),
	"memory.grow": guest(fn{0, repeat(I64, 2), loop(1, "i32.const 1 memory.grow 0 drop i32.const 8 local.get 1 i64.store 3 0 "+
		"i32.const 8 i64.load 3 0 local.get 2 i64.add local.set 2") + "local.get 2"}),
	"tail calls": guest(
		fn{0, nil, "i64.const 1 global.set 0 local.get 0 return_call 2"},
		fn{0, nil, "global.get 0 i64.const 3 i64.mul local.get 0 i64.xor global.set 0 local.get 0 i64.eqz if 0x40 global.get 0 return end " +
			"local.get 0 i64.const 1 i64.sub i32.const 1 return_call_indirect 0 0"}),
	"stack arguments": guest(
		fn{0, repeat(I64, 2), loop(1, "local.get 1 local.get 2 "+strings.Repeat("local.get 1 local.get 2 i64.add ", 12)+"call 2 local.set 2") + "local.get 2"},
		fn{2, nil, "local.get 0" + fold(1, 13, "i64.const 9 i64.rotl local.get %d i64.xor")}),
	"stack arguments, recursive": guest(
		fn{0, nil, strings.Repeat("local.get 0 ", 14) + "call 2"},
		fn{2, nil, "local.get 0 i64.eqz if 0x40 i64.const 0" + fold(1, 13, "i64.const 9 i64.rotl local.get %d i64.xor") + " return end " +
			"local.get 0 i64.const 1 i64.sub" + fold(1, 13, "local.get %d i64.const 3 i64.mul local.get 0 i64.add") + " call 2 local.get 13 i64.xor local.get 5 i64.add"}),
}

var fib = fn{0, nil, "local.get 0 i64.const 2 i64.lt_s if 0x40 local.get 0 return end " +
	"local.get 0 i64.const 1 i64.sub call 1 local.get 0 i64.const 2 i64.sub call 1 i64.add"}

// deep recursion: a frame for each unit of the argument.
var deep = guest(fn{0, nil, "local.get 0 i64.eqz if 0x40 i64.const 1 return end local.get 0 i64.const 1 i64.sub call 1 local.get 0 i64.xor i64.const 1 i64.rotl"})

func fold(from, to int, format string) string {
	var s strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&s, " "+format, i)
	}
	return s.String()
}

// pressure is a loop over n live values of a type: none may be lost or exchanged at its head or in the callee's entry.
// The result mixes them all.
func pressure(t byte, n int, calls bool) []byte {
	const first = 2 // after the argument and the counter
	var locals []byte
	var init, body, mix string
	call := ""
	if calls {
		call = "local.get 1 call 2 drop "
	}
	locals = append([]byte{I64}, repeat(t, n)...)
	mix = "i64.const 0"
	for i := 0; i < n; i++ {
		a, b := first+i, first+(i+1)%n
		switch t {
		case I64:
			init += fmt.Sprintf("local.get 0 i64.const %d i64.xor local.set %d ", i*0x10001+1, a)
			body += fmt.Sprintf("local.get %d i64.const %d i64.rotl local.get %d i64.add local.set %d ", a, i%63+1, b, a)
			mix += fmt.Sprintf(" i64.const 11 i64.rotl local.get %d i64.xor", a)
		case F64:
			init += fmt.Sprintf("local.get 0 f64.convert_i64_s f64.const %d.5 f64.add local.set %d ", i, a)
			body += fmt.Sprintf("local.get %d f64.const 0.99%d f64.mul local.get %d f64.sub local.set %d ", a, i, b, a)
			mix += fmt.Sprintf(" i64.const 11 i64.rotl local.get %d i64.reinterpret_f64 i64.xor", a)
		case V128:
			init += fmt.Sprintf("local.get 0 i64.const %d i64.add i64x2.splat local.set %d ", i*77, a)
			body += fmt.Sprintf("local.get %d local.get %d i64x2.add local.get 1 i64x2.splat v128.xor local.set %d ", a, b, a)
			mix += fmt.Sprintf(" i64.const 11 i64.rotl local.get %d i64x2.extract_lane 0 i64.xor i64.const 3 i64.rotl local.get %d i64x2.extract_lane 1 i64.xor", a, a)
		}
	}
	return guest(
		fn{0, locals, init + loop(1, call+body) + mix},
		fn{0, nil, "local.get 0 i64.const 1 i64.add"})
}

// endless are functions that do not end in this universe. Those that loop need a loop head that polls.
var endless = map[string]struct {
	wasm  []byte
	loops bool
}{
	"loop":                 {guest(fn{0, nil, "loop 0x40 br 0 end local.get 0"}), true},
	"nested loop":          {guest(fn{0, repeat(I64, 2), "loop 0x40 i64.const 0 local.set 1 loop 0x40 local.get 1 i64.const 1 i64.add local.tee 1 i64.const 9 i64.lt_s br_if 0 end br 0 end local.get 0"}), true},
	"loop with arguments":  {guest(fn{0, nil, strings.Repeat("local.get 0 ", 14) + "call 2"}, fn{2, nil, "loop 0x40 local.get 3 local.set 13 br 0 end local.get 13"}), true},
	"recursion":            {guest(fib), false},
	"tail call":            {guest(fn{0, nil, "local.get 0 i64.const 1 i64.add return_call 1"}), false},
	"indirect tail call":   {guest(fn{0, nil, "local.get 0 i64.const 1 i64.add i32.const 0 return_call_indirect 0 0"}), false},
	"tail call, arguments": {guest(fn{0, nil, strings.Repeat("local.get 0 ", 14) + "call 2"}, fn{2, nil, fold(0, 13, "local.get %d") + " return_call 2"}), false},
	"call tree":            {callTree(20), false},
	"host calls":           {guest(fn{0, nil, "local.get 0 call 0 drop local.get 0 return_call 1"}), false},
}

// callTree has no loop and no recursion: each function calls the next one four times.
func callTree(depth int) []byte {
	fns := make([]fn, depth)
	for i := range fns {
		fns[i] = fn{0, nil, "local.get 0" + strings.Repeat(fmt.Sprintf(" call %d", i+2), 4)}
	}
	fns[depth-1].code = "local.get 0 i64.const 1 i64.add"
	return guest(fns...)
}

// Package bodies makes function bodies of every instruction in every encoding, to find out whether all that read a body agree
// on where an instruction ends.
package bodies

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasm/binary"
)

// Features are all that wazero has.
const Features = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst |
	experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences

// Each validates a module of each of Some, and hands it on with where the validator says that its instructions begin.
func Each(t *testing.T, agrees func(m *wasm.Module, body []byte, validated []int)) {
	all := Some()
	if len(all) <= 500 {
		t.Fatalf("no more than %d bodies", len(all))
	}
	for _, body := range all {
		m := Module(body)
		if err := m.Validate(Features); err != nil {
			t.Fatalf("% x: %v", body, err)
		}
		agrees(m, body, Begins(body))
	}
	t.Logf("%d bodies", len(all))
}

// Module is a module with one function of this body, and one of all that an instruction may need.
func Module(body []byte) *wasm.Module {
	limits := []byte{0, 1}
	locals := rawwasm.Bytes(8, []byte{1, rawwasm.I32, 1, rawwasm.I64, 1, rawwasm.F32, 1, rawwasm.F64, 1, rawwasm.V128, 1, rawwasm.FuncRef, 1, rawwasm.ExternRef, 1, rawwasm.ExnRef})
	m, err := binary.DecodeModule(rawwasm.Module(
		rawwasm.Section(rawwasm.Types, rawwasm.Type(nil, nil), rawwasm.Type([]byte{rawwasm.I32}, nil), rawwasm.Type(nil, []byte{rawwasm.I64})),
		rawwasm.Section(rawwasm.Funcs, []byte{0}),
		rawwasm.Section(rawwasm.Tables, rawwasm.Bytes(rawwasm.FuncRef, limits), rawwasm.Bytes(rawwasm.ExternRef, limits), rawwasm.Bytes([]byte{0x63, 0}, limits), rawwasm.Bytes(rawwasm.ExnRef, limits)),
		rawwasm.Section(rawwasm.Memories, []byte{3, 1, 1}),
		rawwasm.Section(rawwasm.Tags, []byte{0, 0}, []byte{0, 1}),
		rawwasm.Section(rawwasm.Globals, []byte{rawwasm.I32, 1, 0x41, 0, 0x0b}, []byte{rawwasm.V128, 1, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b}),
		rawwasm.Section(rawwasm.Elems, []byte{1, 0, 1, 0}),
		[]byte{12, 1, 1}, // data count
		rawwasm.Section(rawwasm.Code, rawwasm.Bytes(len(locals)+len(body), locals, body)),
		rawwasm.Section(11, []byte{1, 1, 'x'}),
	), Features, 1, false, false, false)
	if err != nil {
		panic(fmt.Sprintf("% x: %v", body, err))
	}
	return m
}

func valid(body []byte) bool { return validate(body) == nil }

// validate takes a panic for a refusal, as the caller of a compilation does: the validator reads on at the end of a body.
func validate(body []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	probe.CodeSection[0].Body = body
	return probe.Validate(Features)
}

var probe = Module([]byte{0x0b})

// Begins are the offsets in a valid body at which an instruction begins, as the validator sees it.
func Begins(body []byte) (begins []int) {
	for i := range body {
		if err := validate(append(slices.Clone(body[:i]), 0xff)); err != nil && strings.HasSuffix(err.Error(), "invalid instruction 0xff") {
			begins = append(begins, i)
		}
	}
	return begins
}

// in puts code in blocks, so that there are labels of some types, and makes the rest of the body valid whatever the code leaves.
func in(code []byte) []byte {
	return rawwasm.Bytes([]byte{0x02, rawwasm.ExnRef, 0x02, rawwasm.FuncRef, 0x02, 0x40}, code, []byte{0x00, 0x0b, 0x00, 0x0b, 0x00, 0x0b, 0x00, 0x0b})
}

var operands = [][]byte{
	{0x41, 0}, {0x42, 0}, {0x43, 0, 0, 0, 0}, {0x44, 0, 0, 0, 0, 0, 0, 0, 0},
	rawwasm.Bytes([]byte{0xfd, 12}, make([]byte, 16)), {0xd0, rawwasm.FuncRef}, {0xd0, rawwasm.ExternRef}, {0xd0, rawwasm.ExnRef}, {0xd2, 0},
}

// opcodes are all, with those of two bytes also in longer encodings.
func opcodes() (ops [][]byte) {
	for op := range 0x100 {
		switch byte(op) {
		case wasm.OpcodeElse, wasm.OpcodeEnd:
		case wasm.OpcodeMiscPrefix, wasm.OpcodeAtomicPrefix, wasm.OpcodeVecPrefix:
			for second := range 0x100 {
				ops = append(ops, []byte{byte(op), byte(second)})
				if second < 0x80 {
					ops = append(ops, []byte{byte(op), byte(second) | 0x80, 0}, []byte{byte(op), byte(second) | 0x80, 0x80, 0x80, 0x80, 0})
				}
			}
		default:
			ops = append(ops, []byte{byte(op)})
		}
	}
	return ops
}

// immediates are what may follow an opcode: most of it follows none.
func immediates() (list [][]byte) {
	numbers := [][]byte{{0}, {1}, {0x80, 0}, {0x81, 0x80, 0x80, 0x80, 0}, {0x80, 0x80, 0x80, 0x80, 0x80, 0}}
	types := [][]byte{
		{0x40}, {0x7f}, {0x7e}, {0x7d}, {0x7c}, {0x7b}, {0x70}, {0x6f}, {0x69}, {0x73}, {0x0c},
		{0xc0, 0x7f}, {0xff, 0x7f}, {0xf0, 0x7f}, {0xc0, 0xff, 0xff, 0xff, 0x7f}, {0xc0, 0xff, 0xff, 0xff, 0xff}, {0x80, 0x80, 0x80, 0x80, 0x80}, {0x82, 0x80, 0x80, 0x80, 0x70},
	}
	for _, prefix := range [][]byte{{0x63}, {0x64}, {0xe3, 0x7f}, {0xe4, 0xff, 0xff, 0xff, 0xff}} {
		for _, heapType := range [][]byte{{0x70}, {0x6f}, {0x69}, {0}, {1}, {0x80, 0}, {0x81, 0x80, 0x80, 0x80, 0}, {0xf0, 0x7f}, {0xf0, 0xff, 0xff, 0xff, 0xff}, {0x0b}} {
			types = append(types, rawwasm.Bytes(prefix, heapType))
		}
	}
	list = append(append([][]byte{{}}, numbers...), types...)
	for _, a := range numbers {
		for _, b := range numbers {
			list = append(list, rawwasm.Bytes(a, b), rawwasm.Bytes(a, b, byte(0)), rawwasm.Bytes(a, b, byte(1)))
		}
	}
	for _, t := range types {
		list = append(list, rawwasm.Bytes(byte(1), t), rawwasm.Bytes([]byte{0x81, 0}, t), rawwasm.Bytes([]byte{2}, t, t))
	}
	for _, t := range [][]byte{{0x40}, {0x70}, {0x80, 0}, {0xc0, 0xff, 0xff, 0xff, 0xff}, {0x63, 0x80, 0}, {0xe3, 0x7f, 0x70}, {0xe4, 0xff, 0xff, 0xff, 0xff, 0x0b}} {
		for _, catches := range [][]byte{{0}, {0x80, 0}, {1, 2, 0}, {1, 0, 0, 0}, {2, 2, 0, 3, 2}, {1, 1, 0, 2}, {2, 3, 0x82, 0, 0, 0x80, 0x80, 0, 0x80, 0}} {
			list = append(list, rawwasm.Bytes(t, catches))
		}
	}
	list = append(list,
		[]byte{0, 0, 0, 0}, []byte{0x0b, 0x0b, 0x0b, 0x0b}, make([]byte, 8), bytes.Repeat([]byte{0x0b}, 8), make([]byte, 16), bytes.Repeat([]byte{0x0b}, 16), // constants, lanes
		[]byte{0x7f}, []byte{0xff, 0xff, 0xff, 0xff, 0x07}, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f},
		[]byte{2, 0, 0x80, 0, 0}, []byte{0x82, 0, 0, 0, 0x80, 0}, []byte{3, 0, 0, 0, 0}, // labels
	)
	return list
}

// Instructions are valid pieces of code of one instruction each, one in step of all there are: unreachable ones, and ones with operands.
func Instructions(step int) (unreachable, reachable [][]byte) {
	found := 0
	all := immediates()
	slices.SortStableFunc(all, func(a, b []byte) int { return len(a) - len(b) })
	for _, op := range opcodes() {
		var taken [][]byte // what goes on after these is another instruction
		for _, immediates := range all {
			if slices.ContainsFunc(taken, func(t []byte) bool { return bytes.HasPrefix(immediates, t) }) {
				continue
			}
			code := rawwasm.Bytes(op, immediates)
			switch op[0] {
			case wasm.OpcodeBlock, wasm.OpcodeLoop, wasm.OpcodeIf, wasm.OpcodeTryTable:
				code = append(code, 0x00, 0x0b)
			}
			after := rawwasm.Bytes(byte(0x00), code)
			if !valid(in(after)) {
				continue
			}
			taken = append(taken, immediates)
			if found++; found%step != 0 {
				continue
			}
			unreachable = append(unreachable, after)
			if before := operandsOf(code); before != nil {
				reachable = append(reachable, rawwasm.Bytes(before, code))
			}
		}
	}
	return
}

// operandsOf searches what the code takes; nil if nothing of up to three values is it.
func operandsOf(code []byte) []byte {
	level := [][]byte{{}}
	for n := 0; ; n++ {
		var next [][]byte
		for _, values := range level {
			if valid(in(rawwasm.Bytes(values, code))) {
				return values
			}
			for _, operand := range operands {
				next = append(next, rawwasm.Bytes(values, operand))
			}
		}
		if n == 3 {
			return nil
		}
		level = next
	}
}

// Some are bodies of one instruction each, and such of many: one in sixteen, or with WAZERO_BODIES=all all of some 36,000.
func Some() (bodies [][]byte) {
	step, long := 16, 50
	if os.Getenv("WAZERO_BODIES") == "all" {
		step, long = 1, 1000
	}
	unreachable, reachable := Instructions(step)
	for _, code := range append(unreachable, reachable...) {
		bodies = append(bodies, in(code))
	}
	random := rand.New(rand.NewSource(1))
	for range long {
		var code []byte
		for range 12 {
			code = append(code, reachable[random.Intn(len(reachable))]...)
		}
		if valid(in(code)) { // what follows a branch meets values of the code's own, and takes them for others
			bodies = append(bodies, in(code))
		}
	}
	return bodies
}

// Package rawwasm writes WebAssembly modules for tests of what the decoder accepts but no tool here can write.
package rawwasm

import "fmt"

// Section ids, value types and opcodes that the tests use.
const (
	Types, Imports, Funcs, Tables, Memories, Globals, Exports, Start, Elems, Code, Tags byte = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13

	I32, I64, F32, F64, V128, FuncRef, ExternRef, ExnRef byte = 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x69
)

// Module is a module of these sections.
func Module(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), Bytes(sections)...)
}

// Section is a section that is a vector of these items.
func Section(id byte, items ...[]byte) []byte { return Bytes(id, sized(Bytes(len(items), items))) }

// StartSection names the start function.
func StartSection(index int) []byte { return Bytes(Start, sized(Bytes(index))) }

// Type is a function type.
func Type(params, results []byte) []byte {
	return Bytes(byte(0x60), len(params), params, len(results), results)
}

// Func is an entry of the code section: locals by type, then instructions, to which "end" is added.
func Func(locals []byte, code ...any) []byte {
	b := Bytes(len(locals))
	for _, t := range locals {
		b = append(b, 1, t)
	}
	return sized(append(append(b, Bytes(code...)...), 0x0b))
}

// Bytes joins what it is given: a byte is itself, an int its unsigned LEB128, an int64 its signed one, a string is
// preceded by its length.
func Bytes(parts ...any) (b []byte) {
	for _, part := range parts {
		switch p := part.(type) {
		case byte:
			b = append(b, p)
		case []byte:
			b = append(b, p...)
		case [][]byte:
			for _, item := range p {
				b = append(b, item...)
			}
		case string:
			b = append(append(b, Bytes(len(p))...), p...)
		case int:
			for ; p >= 0x80; p >>= 7 {
				b = append(b, byte(p)|0x80)
			}
			b = append(b, byte(p))
		case int64:
			for ; p < -64 || p > 63; p >>= 7 {
				b = append(b, byte(p)|0x80)
			}
			b = append(b, byte(p)&0x7f)
		default:
			panic(fmt.Sprintf("expected a part of a module but received %T", part))
		}
	}
	return
}

func sized(b []byte) []byte { return Bytes(len(b), b) }

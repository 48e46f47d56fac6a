package describe

import (
	"github.com/tetratelabs/wazero/api"

	"wazeronode/failure"
)

// What package api has no constants for.
const (
	V128    = 0x7b
	funcref = 0x70
	exnref  = 0x69
)

func TypeNames(types []api.ValueType) []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = TypeName(t)
	}
	return out
}

// TypeName is JavaScript's name of it.
func TypeName(t api.ValueType) string {
	switch t {
	case api.ValueTypeI32:
		return "i32"
	case api.ValueTypeI64:
		return "i64"
	case api.ValueTypeF32:
		return "f32"
	case api.ValueTypeF64:
		return "f64"
	case V128:
		return "v128"
	case api.ValueTypeExternref:
		return "externref"
	case exnref:
		return "exnref"
	}
	return "funcref" // a typed function reference is one to JavaScript
}

var valueTypeOf = map[string]api.ValueType{
	"i32": api.ValueTypeI32, "i64": api.ValueTypeI64, "f32": api.ValueTypeF32, "f64": api.ValueTypeF64,
	"v128": V128, "externref": api.ValueTypeExternref, "funcref": funcref,
}

// ParseTypes is for what JavaScript named.
func ParseTypes(names []string) ([]api.ValueType, error) {
	out := make([]api.ValueType, len(names))
	for i, n := range names {
		t, ok := valueTypeOf[n]
		if !ok {
			return nil, failure.Invalid("Expected a value type but received " + n)
		}
		out[i] = t
	}
	return out, nil
}

// Words is how many stack slots the values take: v128 takes two.
func Words(types []api.ValueType) (n int) {
	for _, t := range types {
		n++
		if t == V128 {
			n++
		}
	}
	return n
}

package interpreter

import (
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// functionOfType is what a reference that is not null refers to. It traps unless that is of this type.
func functionOfType(ref uint64, typeID wasm.FunctionTypeID) *function {
	f := functionFromUintptr(uintptr(ref))
	if f.typeID != typeID {
		panic(wasmruntime.ErrRuntimeIndirectCallTypeMismatch)
	}
	return f
}

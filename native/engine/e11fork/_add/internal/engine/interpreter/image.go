package interpreter

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// IndexOfReference is for wasm.Image. Imported functions are copied into the instance's own.
func (e *moduleEngine) IndexOfReference(ref wasm.Reference) (wasm.Index, bool) {
	if len(e.functions) == 0 {
		return 0, false
	}
	const size = unsafe.Sizeof(function{})
	begin := uintptr(unsafe.Pointer(&e.functions[0]))
	at := ref - begin
	if ref < begin || at >= uintptr(len(e.functions))*size {
		return 0, false
	}
	return wasm.Index(at / size), at%size == 0
}

// References is for wasm.Image.
func (e *moduleEngine) References(refs []wasm.Reference, functions []wasm.Index, _ any) any {
	for i, index := range functions {
		refs[1+i] = e.FunctionInstanceReference(index)
	}
	return nil
}

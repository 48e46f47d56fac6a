package interpreter

import "github.com/tetratelabs/wazero/internal/nodehost"

// Walk implements nodehost.Walker.
func (ce *callEngine) Walk(visit func(nodehost.StackFrame) bool) {
	for i := len(ce.frames) - 1; i >= 0; i-- {
		frame := ce.frames[i]
		code := frame.f.parent
		f := nodehost.StackFrame{Module: code.source, Index: code.index}
		if frame.pc < uint64(len(code.offsetsInWasmBinary)) {
			f.Offset = code.offsetsInWasmBinary[frame.pc]
		}
		if !visit(f) {
			return
		}
	}
}

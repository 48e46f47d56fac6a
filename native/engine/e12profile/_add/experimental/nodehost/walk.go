package nodehost

import (
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// StackFrame is where a guest is; see there. Control.Walk visits them.
type StackFrame = nodehost.StackFrame

// FunctionOf says what the function of a frame is called, and of which module.
func FunctionOf(f StackFrame) (module, name string, host bool) {
	m := f.Module.(*wasm.Module)
	def := m.FunctionDefinition(f.Index)
	return def.ModuleName(), def.DebugName(), m.IsHostModule
}

// BodyOf is where the body of a function begins and ends, as offsets into the code section; of a function that the module defines.
func BodyOf(f StackFrame) (begin, end uint64) {
	m := f.Module.(*wasm.Module)
	i := int(f.Index) - int(m.ImportFunctionCount)
	if i < 0 || i >= len(m.CodeSection) {
		return 0, 0
	}
	code := &m.CodeSection[i]
	return code.BodyOffsetInCodeSection, code.BodyOffsetInCodeSection + uint64(len(code.Body))
}

// PlacesOf is where in the source these offsets into the code section of the frame's module are: for each a line, and what it is inlined in.
func PlacesOf(f StackFrame, offsets []uint64) [][]string {
	return f.Module.(*wasm.Module).DWARFLines.Places(offsets)
}

package wazevo

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// Walk implements nodehost.Walker: the frames that a trap would show here.
func (c *callEngine) Walk(visit func(nodehost.StackFrame) bool) {
	if c.execCtx.stackPointerBeforeGoCall == nil || !c.visit(uintptr(unsafe.Pointer(c.execCtx.goCallReturnAddress)), visit) {
		return
	}
	addrs := c.unwindStopped()
	for i := range max(0, len(addrs)-1) { // the last is the trampoline
		if !c.visit(addrs[i], visit) {
			return
		}
	}
}

func (c *callEngine) visit(addr uintptr, visit func(nodehost.StackFrame) bool) bool {
	cm := c.parent.parent.parent.compiledModuleOfAddr(addr)
	if cm == nil {
		return true // a trampoline
	}
	f := nodehost.StackFrame{Module: cm.module, Index: cm.module.ImportFunctionCount + cm.functionIndexOf(addr)}
	if cm.module.DWARFLines != nil {
		f.Offset = cm.getSourceOffset(addr)
	}
	return visit(f)
}

//go:build amd64 || arm64

package wazevo

import "unsafe"

// tryFrame is what a try_table keeps to continue at its catch clauses: the frame of its function as it was on entry
// (with the frame of the trampoline that the entry went through). The frames above wait for this function to return,
// so they are still on the stack as they were; the function itself may have reused its spill slots. Upstream copies the
// whole stack and continues on the copy: 2.6 GB for 8,000 nested entries.
type tryFrame struct {
	sp, fp uintptr // distances from the top of the stack, which survive its growth
	copy   []byte
	// saved are the registers that the trampoline saves: 23 on arm64, 13 on amd64.
	saved [24][2]uint64
}

// pushTryHandler records an entry to a try_table.
func (c *callEngine) pushTryHandler() *tryHandler {
	if n := len(c.tryHandlers); n < cap(c.tryHandlers) {
		c.tryHandlers = c.tryHandlers[:n+1] // with the buffer of an earlier entry
	} else {
		c.tryHandlers = append(c.tryHandlers, tryHandler{})
	}
	h := &c.tryHandlers[len(c.tryHandlers)-1]
	sp, fp := uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)), c.execCtx.framePointerBeforeGoCall
	h.frame.sp, h.frame.fp = c.stackTop-sp, c.stackTop-fp
	h.frame.copy = append(h.frame.copy[:0], c.stackBytes(sp, c.callerFrameEnd(sp, fp)-sp)...)
	copy(h.frame.saved[:], c.execCtx.savedRegisters[:])
	return h
}

// restoreTryFrame puts the call back to the entry that h recorded.
func (c *callEngine) restoreTryFrame(h *tryHandler) {
	sp, fp := c.stackTop-h.frame.sp, c.stackTop-h.frame.fp
	copy(c.stackBytes(sp, uintptr(len(h.frame.copy))), h.frame.copy)
	c.relinkFrame(sp, fp, uintptr(len(h.frame.copy)))
	ec := &c.execCtx
	ec.stackPointerBeforeGoCall = (*uint64)(unsafe.Pointer(&c.stackBytes(sp, 8)[0]))
	ec.framePointerBeforeGoCall = fp
	ec.goCallReturnAddress = h.returnAddress
	copy(ec.savedRegisters[:], h.frame.saved[:])
}

// stackBytes is the part of this call's stack at this address.
func (c *callEngine) stackBytes(addr, size uintptr) []byte {
	begin := addr - uintptr(unsafe.Pointer(&c.stack[0]))
	return c.stack[begin : begin+size]
}

package wazevo

import "unsafe"

// callerFrameEnd is where the frame of the function that called the trampoline at sp ends: below its return address.
func (c *callEngine) callerFrameEnd(sp, _ uintptr) uintptr {
	word := func(addr uintptr) uintptr { return *(*uintptr)(unsafe.Pointer(&c.stackBytes(addr, 8)[0])) }
	const header = 16       // frame size and padding; for the trampoline frame size and slice size
	sp += header + word(sp) // the trampoline's frame
	sp += 16 + word(sp+8)   // its return address, the size of its arguments and results, and those
	return sp + header + word(sp)
}

// relinkFrame has nothing to do: frames hold sizes, not addresses.
func (c *callEngine) relinkFrame(_, _, _ uintptr) {}

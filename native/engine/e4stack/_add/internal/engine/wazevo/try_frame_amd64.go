package wazevo

import "unsafe"

// callerFrameEnd is where the frame of the function that called the trampoline at sp, fp ends: below its own link to its
// caller, which stays right without help because stack growth adjusts it.
func (c *callEngine) callerFrameEnd(sp, fp uintptr) uintptr {
	return *(*uintptr)(unsafe.Pointer(&c.stackBytes(fp, 8)[0]))
}

// relinkFrame writes the link between the two frames anew: it is an address, and the stack may have moved.
func (c *callEngine) relinkFrame(sp, fp, size uintptr) {
	*(*uintptr)(unsafe.Pointer(&c.stackBytes(fp, 8)[0])) = sp + size
}

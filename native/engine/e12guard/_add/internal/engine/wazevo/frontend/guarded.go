package frontend

import "github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"

// guardedAddress is the address of an access that is not compared: the base of the memory, and an index of 32 bits. With the offset of the
// access, 32 bits as well, and its size, that is below 8 GiB and 16 bytes from the base, where nothing but the memory can be accessed. What was
// accessed is known to be inside behind the access, as if it had been compared.
func (c *Compiler) guardedAddress(index ssa.Value, ceil uint64) (address ssa.Value) {
	builder := c.ssaBuilder
	known := c.getKnownSafeBound(index.ID())
	if known.valid() && known.absoluteAddr.Valid() {
		address = known.absoluteAddr
		inside := ceil <= known.bound
		known.bound = max(known.bound, ceil)
		if !inside {
			builder.GuestAccess(address)
		}
		return address
	}
	inside := known.valid() && ceil <= known.bound
	extended := builder.AllocateInstruction().AsUExtend(index, 32, 64).Insert(builder).Return()
	address = builder.AllocateInstruction().AsIadd(c.getMemoryBaseValue(false), extended).Insert(builder).Return()
	if known.valid() {
		known.bound, known.absoluteAddr = max(known.bound, ceil), address
	} else {
		c.recordKnownSafeBound(index.ID(), ceil, address)
	}
	if !inside {
		builder.GuestAccess(address)
	}
	return address
}

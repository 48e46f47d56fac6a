package arm64

import "github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"

// touch reads the bytes that a store of the guest is about to write, where nothing has compared its address. A store that begins inside of the memory
// and ends outside has to trap and to write nothing; these processors may write what is inside of it before they fault. A read faults as well, and has
// done nothing.
func (m *machine) touch(address *addressMode, bits byte) {
	same := m.amodePool.Allocate()
	*same = *address
	load := m.allocateInstr()
	if bits == 128 {
		load.asFpuLoad(m.compiler.AllocateVReg(ssa.TypeV128), same, bits)
	} else {
		load.asULoad(xzrVReg, same, bits)
	}
	m.insert(load)
}

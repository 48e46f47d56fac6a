package frontend

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// constantAddress is the address of a constant, invalid where that, or what follows it up to ceil, may be outside of the memory. It is made
// for each access, so that it becomes a part of the access: base of the memory, and offset.
func (c *Compiler) constantAddress(base ssa.Value, ceil uint64) ssa.Value {
	builder := c.ssaBuilder
	instr := builder.InstructionOfValue(base)
	if instr == nil || instr.Opcode() != ssa.OpcodeIconst {
		return ssa.ValueInvalid
	}
	at := uint64(uint32(instr.ConstantVal()))
	if at+ceil > wasm.MemoryPagesToBytesNum(leastMemoryPages(c.m)) {
		return ssa.ValueInvalid
	}
	memBase := c.getMemoryBaseValue(false)
	if at == 0 {
		return memBase
	}
	offset := builder.AllocateInstruction().AsIconst64(at).Insert(builder).Return()
	return builder.AllocateInstruction().AsIadd(memBase, offset).Insert(builder).Return()
}

// leastMemoryPages is what every memory of the module has: it never shrinks, and one that is imported is at least as large as it is declared.
func leastMemoryPages(m *wasm.Module) uint32 {
	if m.MemorySection != nil {
		return m.MemorySection.Min
	}
	for i := range m.ImportSection {
		if imported := &m.ImportSection[i]; imported.Type == wasm.ExternTypeMemory {
			return imported.DescMem.Min
		}
	}
	return 0
}

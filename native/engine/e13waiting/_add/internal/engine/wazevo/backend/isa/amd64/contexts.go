package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
)

// contextSlots are two words of each frame that calls: the execution context at -8(%rbp), the module context at -16(%rbp). The prologue always
// stores both: a stack that waits can be checked, frame for frame, and given other contexts. See regalloc/contexts.go, and wazevo/waiting.go.
type contextSlots struct {
	vregs  [2]regalloc.VRegID // 0: the function does not use it
	needed bool
}

func (s *contextSlots) size() int64 {
	if s.needed {
		return 16
	}
	return 0
}

// KeepsContexts is for regalloc.
func (f *regAllocFn) KeepsContexts() bool { return true }

func (m *machine) noteContexts(params []ssa.Value) {
	for i := range m.contextSlots.vregs {
		if i < len(params) && params[i].Valid() {
			m.contextSlots.vregs[i] = m.c.VRegOf(params[i]).ID()
		}
	}
}

// storeContexts is behind the check of the stack: rax and rbx are the first two arguments.
func (m *machine) storeContexts(cur *instruction) *instruction {
	if !m.contextSlots.needed {
		return cur
	}
	cur = linkInstr(cur, m.allocateInstr().asPush64(newOperandReg(raxVReg)))
	return linkInstr(cur, m.allocateInstr().asPush64(newOperandReg(rbxVReg)))
}

func (m *machine) contextSlot(i int) operand {
	return newOperandMem(m.newAmodeImmRBPReg(uint32(int32(-8 - 8*i))))
}

// spillSlot is where a value is that is in no register.
func (m *machine) spillSlot(id regalloc.VRegID, size byte) operand {
	for i, vreg := range m.contextSlots.vregs {
		if vreg != 0 && vreg == id {
			m.contextSlots.needed = true
			return m.contextSlot(i)
		}
	}
	return newOperandMem(m.newAmodeImmReg(uint32(m.getVRegSpillSlotOffsetFromSP(id, size)), rspVReg))
}

// storeEntryContexts has the entry keep what it needs after the call, the execution context and where the results go, in the two topmost words of the
// stack. In registers they would be wherever the first function that needs those has pushed them.
func (m *machine) storeEntryContexts(cur *instruction) *instruction {
	cur = m.addRSP(-16, cur)
	cur = linkInstr(cur, m.allocateInstr().asMovRM(executionContextPtrReg, newOperandMem(m.newAmodeImmReg(0, rspVReg)), 8))
	return linkInstr(cur, m.allocateInstr().asMovRM(paramResultSlicePtr, newOperandMem(m.newAmodeImmReg(8, rspVReg)), 8))
}

func (m *machine) loadEntryContexts(cur *instruction, slots uint32) *instruction {
	cur = linkInstr(cur, m.allocateInstr().asMov64MR(newOperandMem(m.newAmodeImmReg(slots, rspVReg)), savedExecutionContextPtr))
	return linkInstr(cur, m.allocateInstr().asMov64MR(newOperandMem(m.newAmodeImmReg(slots+8, rspVReg)), paramResultSlicePtr))
}

package arm64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
)

// contextSlots are two words at the bottom of each frame that calls: the execution context at 8(sp), beside the size of the frame, which the prologue
// of every function stores with it, and the module context at 16(sp), before the first spill slot. A stack that waits can be checked, frame for frame,
// and given other contexts. See regalloc/contexts.go, and wazevo/waiting.go.
type contextSlots struct {
	vregs  [2]regalloc.VRegID // 0: the function does not use it
	needed bool
}

const (
	executionContextSlot = 8
	moduleContextSlot    = 16
)

// KeepsContexts is for regalloc. What calls nothing keeps them as anything else.
func (f *regAllocFn) KeepsContexts() bool { return f.m.contextSlots.needed }

func (m *machine) noteContexts(params []ssa.Value) {
	for i := range m.contextSlots.vregs {
		if i < len(params) && params[i].Valid() {
			m.contextSlots.vregs[i] = m.compiler.VRegOf(params[i]).ID()
		}
	}
}

// needContexts is for a function that calls, before registers are allocated: spill slots begin behind the module context.
func (m *machine) needContexts() {
	if m.contextSlots.needed {
		return
	}
	if m.spillSlotSize != 0 {
		panic("BUG: something has been spilled")
	}
	m.contextSlots.needed = true
	m.spillSlotSize = 8
}

// storeModuleContext is behind the last change of the stack pointer: x1 is the second argument.
func (m *machine) storeModuleContext(cur *instruction) *instruction {
	if !m.contextSlots.needed {
		return cur
	}
	store := m.allocateInstr()
	store.asStore(operandNR(x1VReg), m.addressAt(moduleContextSlot), 64)
	return linkInstr(cur, store)
}

// spillSlotOffset is where a value is that is in no register.
func (m *machine) spillSlotOffset(id regalloc.VRegID, size byte) int64 {
	if s := &m.contextSlots; s.needed && id != 0 {
		switch id {
		case s.vregs[0]:
			return executionContextSlot
		case s.vregs[1]:
			return moduleContextSlot
		}
	}
	return m.getVRegSpillSlotOffsetFromSP(id, size)
}

// storeEntryContexts has the entry keep what it needs after the call, the execution context and where the results go, in the two topmost words of the
// stack. In registers they would be wherever the first function that needs those has pushed them.
func (m *machine) storeEntryContexts(cur *instruction) *instruction {
	store := m.allocateInstr()
	store.asStorePair64(savedExecutionContextPtr, paramResultSlicePtr, addressModePreOrPostIndex(m, spVReg, -16, true))
	return linkInstr(cur, store)
}

func (m *machine) loadEntryContexts(cur *instruction) *instruction {
	for i, r := range []regalloc.VReg{savedExecutionContextPtr, paramResultSlicePtr} {
		load := m.allocateInstr()
		load.asULoad(r, m.addressAt(int64(8*i)), 64)
		cur = linkInstr(cur, load)
	}
	return cur
}

// addressAt is a few bytes above the stack pointer.
func (m *machine) addressAt(offset int64) *addressMode {
	mode := m.amodePool.Allocate()
	*mode = addressMode{kind: addressModeKindRegUnsignedImm12, rn: spVReg, imm: offset}
	return mode
}

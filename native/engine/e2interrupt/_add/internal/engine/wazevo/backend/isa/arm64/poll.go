package arm64

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// asInterruptPoll is one instruction up to the end, so that the register allocator neither spills around it nor needs
// a register for it.
func (i *instruction) asInterruptPoll(execCtx regalloc.VReg) *instruction {
	i.kind = interruptPoll
	i.rn = operandNR(execCtx)
	return i
}

const interruptPollSize = 8 * 4

// The trampoline keeps its registers in savedRegisters from the beginning; x0, which it needs itself, and the x30 of a
// loop head, which its call overwrites, have the last two slots.
const (
	savedX0  = wazevoapi.ExecutionContextOffsetSavedRegistersBegin + 62*16
	savedX30 = wazevoapi.ExecutionContextOffsetSavedRegistersBegin + 63*16
)

// encodeInterruptPoll emits, for the register r that holds the execution context:
//
//	ldr  x27, [r, #stackBottomPtr]
//	cmp  sp, x27
//	b.ge over ;; signed, as in the prologue
//	mov  x27, r
//	str  x30, [x27, #savedX30] ;; x30 is allocatable
//	ldr  x30, [x27, #stackGrowCallTrampolineAddress]
//	blr  x30
//	ldr  x30, [x27, #savedX30]
//	over:
//
// Nothing is different when r is x30: its slot holds the context then.
func encodeInterruptPoll(c backend.Compiler, r regalloc.RealReg) {
	const (
		x27 = 27
		x30 = 30
	)
	ldr := func(rt, rn uint32, offset wazevoapi.Offset) uint32 {
		return 0xf9400000 | offset.U32()/8<<10 | rn<<5 | rt
	}
	str := func(rt, rn uint32, offset wazevoapi.Offset) uint32 { return ldr(rt, rn, offset) &^ (1 << 22) }
	rn := regNumberInEncoding[r]

	c.Emit4Bytes(ldr(x27, rn, wazevoapi.ExecutionContextOffsetStackBottomPtr))
	c.Emit4Bytes(0xeb3b63ff)          // subs xzr, sp, x27, uxtx
	c.Emit4Bytes(0x5400000a | 6<<5)   // b.ge +24
	c.Emit4Bytes(0xaa0003fb | rn<<16) // mov x27, r
	c.Emit4Bytes(str(x30, x27, savedX30))
	c.Emit4Bytes(ldr(x30, x27, wazevoapi.ExecutionContextOffsetStackGrowCallTrampolineAddress))
	c.Emit4Bytes(0xd63f0000 | x30<<5) // blr x30
	c.Emit4Bytes(ldr(x30, x27, savedX30))
}

// pollTrampolineSavedRegs are all allocatable registers but x0, and first of all the return address, which is where the
// guest was.
var pollTrampolineSavedRegs = []regalloc.VReg{
	lrVReg,
	x1VReg, x2VReg, x3VReg, x4VReg, x5VReg, x6VReg, x7VReg, x8VReg, x9VReg, x10VReg, x11VReg, x12VReg, x13VReg, x14VReg,
	x15VReg, x16VReg, x17VReg, x19VReg, x20VReg, x21VReg, x22VReg, x23VReg, x24VReg, x25VReg, x26VReg, x29VReg,
	v0VReg, v1VReg, v2VReg, v3VReg, v4VReg, v5VReg, v6VReg, v7VReg, v8VReg, v9VReg, v10VReg, v11VReg, v12VReg, v13VReg,
	v14VReg, v15VReg, v16VReg, v17VReg, v18VReg, v19VReg, v20VReg, v21VReg, v22VReg, v23VReg, v24VReg, v25VReg, v26VReg,
	v27VReg, v28VReg, v29VReg, v30VReg,
}

// compilePollTrampoline compiles what function entries and loop heads call. The execution context is in x27; every
// register but x27 comes back as it was.
func (m *machine) compilePollTrampoline() []byte {
	cur := m.allocateInstr()
	cur.asNop0()
	m.rootInstr = cur

	slotOfX0 := func() *addressMode {
		mode := m.amodePool.Allocate()
		*mode = addressMode{kind: addressModeKindRegUnsignedImm12, rn: tmpRegVReg, imm: savedX0.I64()}
		return mode
	}
	move := func(rd, rn regalloc.VReg) {
		mov := m.allocateInstr()
		mov.asMove64(rd, rn)
		cur = linkInstr(cur, mov)
	}

	saveX0 := m.allocateInstr()
	saveX0.asStore(operandNR(x0VReg), slotOfX0(), 64)
	cur = linkInstr(cur, saveX0)
	move(x0VReg, tmpRegVReg)
	cur = m.saveRegistersInExecutionContext(cur, pollTrampolineSavedRegs)
	cur = m.saveCurrentStackPointer(cur, x0VReg)
	cur = m.setExitCode(cur, x0VReg, wazevoapi.ExitCodeGrowStack)
	cur = m.storeReturnAddressAndExit(cur)

	// Go comes back with the execution context in x0.
	cur = m.restoreRegistersInExecutionContext(cur, pollTrampolineSavedRegs)
	move(tmpRegVReg, x0VReg)
	restoreX0 := m.allocateInstr()
	restoreX0.asULoad(x0VReg, slotOfX0(), 64)
	cur = linkInstr(cur, restoreX0)

	ret := m.allocateInstr()
	ret.asRet()
	linkInstr(cur, ret)

	m.encode(m.rootInstr)
	return m.compiler.Buf()
}

// UnwindPoll is UnwindStack for a guest that stops in a poll, at this address. Its function has no frame size on the
// stack yet if it stops at the entry.
func UnwindPoll(sp, top, pc uintptr, atEntry bool) []uintptr {
	addrs := []uintptr{pc}
	if atEntry {
		frame := unsafe.Slice((*uintptr)(unsafe.Pointer(sp)), 2) // return address, size of arguments and results
		addrs = append(addrs, frame[0])
		sp += 16 + frame[1]
	}
	return UnwindStack(sp, 0, top, addrs)
}

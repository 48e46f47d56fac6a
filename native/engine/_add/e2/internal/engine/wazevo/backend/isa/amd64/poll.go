package amd64

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// asInterruptPoll is one instruction up to the end, so that the register allocator neither spills around it nor needs
// a register for it.
func (i *instruction) asInterruptPoll(execCtx regalloc.VReg) *instruction {
	i.kind = interruptPoll
	i.op1 = newOperandReg(execCtx)
	return i
}

// encodeInterruptPoll emits, for the register r that holds the execution context:
//
//	cmp  rsp, [r + stackBottomPtr]
//	ja   over
//	xchg rax, r ;; unless r is rax: the trampoline finds the context in rax, and keeps the other registers
//	call [rax + stackGrowCallTrampolineAddress]
//	xchg rax, r
//	over:
//
// The call needs 16 bytes of stack, which requiredStackSize has for stack checking.
func encodeInterruptPoll(c backend.Compiler, r regalloc.RealReg) {
	enc := regEncodings[r]
	rexB, rm := byte(enc)>>3, byte(enc)&7

	c.EmitByte(0x48 | rexB) // REX.W, and REX.B for r8 to r15.
	c.EmitByte(0x3b)
	c.EmitByte(0x40 | 4<<3 | rm) // rsp, [rm + disp8].
	if rm == 4 {                 // r12: this encoding asks for a SIB byte.
		c.EmitByte(0x24)
	}
	c.EmitByte(byte(wazevoapi.ExecutionContextOffsetStackBottomPtr))

	call := func() {
		c.EmitByte(0xff)
		c.EmitByte(0x40 | 2<<3) // call [rax + disp8]
		c.EmitByte(byte(wazevoapi.ExecutionContextOffsetStackGrowCallTrampolineAddress))
	}
	xchg := func() {
		c.EmitByte(0x48 | rexB)
		c.EmitByte(0x90 | rm)
	}
	c.EmitByte(0x77) // ja rel8.
	if r == rax {
		c.EmitByte(3)
		call()
		return
	}
	c.EmitByte(2 + 3 + 2)
	xchg()
	call()
	xchg()
}

package amd64

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// asInterruptPoll is one instruction up to the end, so that the register allocator neither spills around it nor needs
// a register for it.
func (i *instruction) asInterruptPoll(execCtx regalloc.VReg) *instruction {
	i.kind = interruptPoll
	i.op1 = newOperandReg(execCtx)
	return i
}

// coldPoll is the part of an InterruptPoll that stands behind the function's last block. A jump that is never taken
// costs less than one over the call at each iteration: 8 instead of 35 % for an empty counting loop, 18 instead of 33 %
// for a sieve.
type coldPoll struct {
	execCtx regalloc.RealReg
	back    int // offset of what follows the hot part
	source  ssa.SourceOffset
}

// encodeInterruptPoll emits the hot part, for the register r that holds the execution context:
//
//	cmp  rsp, [r + stackBottomPtr]
//	jbe  cold
//	back:
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
	c.EmitByte(0x0f)
	c.EmitByte(0x86)
	c.Emit4Bytes(0) // jbe rel32, set by encode.
}

// encode emits:
//
//	cold:
//	xchg rax, r ;; unless r is rax: the trampoline finds the context in rax, and keeps the other registers
//	call [rax + stackGrowCallTrampolineAddress]
//	xchg rax, r
//	jmp  back
//
// The call needs 16 bytes of stack, which requiredStackSize has for stack checking.
func (p *coldPoll) encode(c backend.Compiler) {
	buf := *c.BufPtr()
	cold := len(buf)
	binary.LittleEndian.PutUint32(buf[p.back-4:], uint32(cold-p.back))
	if p.source.Valid() {
		c.AddSourceOffsetInfo(int64(cold), p.source)
	}

	xchg := func() {
		if p.execCtx != rax {
			enc := byte(regEncodings[p.execCtx])
			c.EmitByte(0x48 | enc>>3) // REX.W, and REX.B for r8 to r15.
			c.EmitByte(0x90 | enc&7)
		}
	}
	xchg()
	c.EmitByte(0xff)
	c.EmitByte(0x40 | 2<<3) // call [rax + disp8]
	c.EmitByte(byte(wazevoapi.ExecutionContextOffsetStackGrowCallTrampolineAddress))
	xchg()
	c.EmitByte(0xe9)
	c.Emit4Bytes(uint32(p.back - len(*c.BufPtr()) - 4)) // jmp rel32
}

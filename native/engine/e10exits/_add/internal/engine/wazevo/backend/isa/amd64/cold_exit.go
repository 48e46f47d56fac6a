package amd64

import (
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// condAlways is the condition of a coldExit that is always taken.
const condAlways = cond(0xff)

// asColdExit leaves for Go with this exit code on this condition, for ever: no register is alive there. It is one
// instruction up to the end, so that nothing stands between it and the comparison but moves, which keep the flags, and
// so that the register allocator needs no copy of the execution context.
func (i *instruction) asColdExit(execCtx regalloc.VReg, c cond, code wazevoapi.ExitCode) *instruction {
	i.kind = coldExit
	i.op1 = newOperandReg(execCtx)
	i.u1 = uint64(c)
	i.u2 = uint64(code)
	return i
}

func (i *instruction) coldExitString() string {
	when := "always"
	if c := cond(i.u1); c != condAlways {
		when = c.String()
	}
	return fmt.Sprintf("cold_exit %s, %d, %s", when, i.u2, i.op1.format(true))
}

// encodeColdExit emits the hot part, a jump that is never taken (or, if it always is, the call of the sequence), and
// coldExits the rest.
func encodeColdExit(c backend.Compiler, cond cond) {
	if cond == condAlways {
		c.EmitByte(0xe8) // call rel32
	} else {
		c.EmitByte(0x0f)
		c.EmitByte(0x80 | cond.encoding()) // jcc rel32
	}
	c.Emit4Bytes(0)
}

// coldExits are the parts of a function's coldExits that stand behind its last block: for each place in the source a
// call, whose return address tells where the guest was, and for each register and exit code one sequence, which the
// calls share.
//
// The call takes 8 bytes of stack, which requiredStackSize has for stack checking.
type coldExits struct {
	sites     []coldExitSite
	sequences []coldExitSequence
	patches   []coldExitPatch
}

type coldExitSite struct {
	coldExitKey
	back   int // what follows the hot part
	always bool
	source ssa.SourceOffset
}

type coldExitKey struct {
	execCtx regalloc.RealReg
	code    uint32
}

// coldExitSequence remembers the last call of a sequence, which is used again for the same place in the source: there
// may be two checks for one instruction, and there may be no places at all.
type coldExitSequence struct {
	coldExitKey
	call   int // 0: none yet
	source ssa.SourceOffset
}

// coldExitPatch has the last four bytes before an offset become the distance to a sequence.
type coldExitPatch struct{ back, sequence int }

func (e *coldExits) reset() { e.sites = e.sites[:0] }

func (e *coldExits) add(i *instruction, back int, source ssa.SourceOffset) {
	key := coldExitKey{i.op1.reg().RealReg(), uint32(i.u2)}
	e.sites = append(e.sites, coldExitSite{key, back, cond(i.u1) == condAlways, source})
}

func (e *coldExits) sequence(key coldExitKey) int {
	for i := range e.sequences {
		if e.sequences[i].coldExitKey == key {
			return i
		}
	}
	e.sequences = append(e.sequences, coldExitSequence{coldExitKey: key})
	return len(e.sequences) - 1
}

func (e *coldExits) encode(c backend.Compiler) {
	e.sequences, e.patches = e.sequences[:0], e.patches[:0]
	buf := c.BufPtr()
	patch := func(back, target int) { binary.LittleEndian.PutUint32((*buf)[back-4:], uint32(target-back)) }
	told := ssa.SourceOffset(-1)
	for i := range e.sites {
		s := &e.sites[i]
		n := e.sequence(s.coldExitKey)
		if s.always {
			e.patches = append(e.patches, coldExitPatch{s.back, n})
			continue
		}
		if q := &e.sequences[n]; q.call == 0 || q.source != s.source {
			q.call, q.source = len(*buf), s.source
			if s.source.Valid() && s.source != told {
				c.AddSourceOffsetInfo(int64(q.call), s.source)
				told = s.source
			}
			c.EmitByte(0xe8) // call rel32
			c.Emit4Bytes(0)
			e.patches = append(e.patches, coldExitPatch{len(*buf), n})
		}
		patch(s.back, e.sequences[n].call)
	}
	for n := range e.sequences {
		at := len(*buf)
		for _, p := range e.patches {
			if p.sequence == n {
				patch(p.back, at)
			}
		}
		e.sequences[n].encode(c)
	}
}

// encode emits, for the register r that holds the execution context:
//
//	mov  [r + framePointerBeforeGoCall], rbp
//	pop  rbp ;; where the guest was; rsp is the guest's again
//	mov  [r + goCallReturnAddress], rbp
//	mov  [r + stackPointerBeforeGoCall], rsp
//	mov  dword [r + exitCode], code
//	mov  rbp, [r + originalFramePointer]
//	mov  rsp, [r + originalStackPointer]
//	ret
func (q *coldExitSequence) encode(c backend.Compiler) {
	const storeImm, store, load, rsp, rbp = 0xc7, 0x89, 0x8b, 4, 5
	enc := byte(regEncodings[q.execCtx])
	mov := func(op, reg byte, offset wazevoapi.Offset) {
		if op == storeImm {
			if enc>>3 != 0 {
				c.EmitByte(0x41) // REX.B for r8 to r15; 32 bits
			}
		} else {
			c.EmitByte(0x48 | enc>>3) // REX.W, and REX.B
		}
		c.EmitByte(op)
		mod := byte(0x40) // disp8
		if offset > 127 {
			mod = 0x80 // disp32
		}
		c.EmitByte(mod | reg<<3 | enc&7)
		if enc&7 == 4 { // r12: this encoding asks for a SIB byte.
			c.EmitByte(0x24)
		}
		if offset > 127 {
			c.Emit4Bytes(uint32(offset))
		} else {
			c.EmitByte(byte(offset))
		}
	}
	mov(store, rbp, wazevoapi.ExecutionContextOffsetFramePointerBeforeGoCall)
	c.EmitByte(0x5d) // pop rbp
	mov(store, rbp, wazevoapi.ExecutionContextOffsetGoCallReturnAddress)
	mov(store, rsp, wazevoapi.ExecutionContextOffsetStackPointerBeforeGoCall)
	mov(storeImm, 0, wazevoapi.ExecutionContextOffsetExitCodeOffset)
	c.Emit4Bytes(q.code)
	mov(load, rbp, wazevoapi.ExecutionContextOffsetOriginalFramePointer)
	mov(load, rsp, wazevoapi.ExecutionContextOffsetOriginalStackPointer)
	c.EmitByte(0xc3) // ret
}

// lowerExitIfTrueWithCode lowers a comparison and the exit if it is true: one jump after the comparison.
func (m *machine) lowerExitIfTrueWithCode(execCtx regalloc.VReg, cond ssa.Value, code wazevoapi.ExitCode) {
	condDef := m.c.ValueDefinition(cond)
	if !m.c.MatchInstr(condDef, ssa.OpcodeIcmp) {
		panic("BUG: an exit that does not follow its comparison")
	}
	condDef.Instr.MarkLowered()
	x, y, c := condDef.Instr.IcmpData()
	xx, yy := m.c.ValueDefinition(x), m.c.ValueDefinition(y)
	// What is loaded for nothing else, mostly the length of a memory, is compared where it is; only the second operand can be.
	if swapped, ok := swapped(c); ok && m.c.MatchInstr(xx, ssa.OpcodeLoad) && !(yy.IsFromInstr() && yy.Instr.Constant()) {
		xx, yy, c = yy, xx, swapped
	}
	if !c.Equality() || !m.tryLowerBandToFlag(xx, yy) {
		m.lowerIcmpToFlag(xx, yy, x.Type() == ssa.TypeI64)
	}
	m.insert(m.allocateInstr().asColdExit(execCtx, condFromSSAIntCmpCond(c), code))
}

// swapped is the condition that holds of two operands in the other order.
func swapped(c ssa.IntegerCmpCond) (ssa.IntegerCmpCond, bool) {
	switch c {
	case ssa.IntegerCmpCondUnsignedLessThan:
		return ssa.IntegerCmpCondUnsignedGreaterThan, true
	case ssa.IntegerCmpCondUnsignedGreaterThan:
		return ssa.IntegerCmpCondUnsignedLessThan, true
	case ssa.IntegerCmpCondUnsignedLessThanOrEqual:
		return ssa.IntegerCmpCondUnsignedGreaterThanOrEqual, true
	case ssa.IntegerCmpCondUnsignedGreaterThanOrEqual:
		return ssa.IntegerCmpCondUnsignedLessThanOrEqual, true
	case ssa.IntegerCmpCondEqual, ssa.IntegerCmpCondNotEqual:
		return c, true
	}
	return c, false
}

// lowerExitWithCode exits, and returns the label of what follows.
func (m *machine) lowerExitWithCode(execCtx regalloc.VReg, code wazevoapi.ExitCode) (afterLabel label) {
	m.insert(m.allocateInstr().asColdExit(execCtx, condAlways, code))
	continuation, afterLabel := m.allocateBrTarget()
	m.insert(continuation)
	return afterLabel
}

package arm64

import (
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/regalloc"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// condAlways is the condition of a coldExit that is always taken.
const condAlways = cond(condKindCondFlagSet) | 0xff<<2

// coldExitFar, in u2, says that the code behind the function is out of a conditional branch's reach.
const coldExitFar = 1 << 32

// asColdExit leaves for Go with this exit code unless a condition holds, for ever: no register is alive there. It is
// one instruction up to the end, so that nothing stands between it and the comparison but moves, which keep the flags,
// and so that the register allocator needs no copy of the execution context. Its size is that of its hot part.
func (i *instruction) asColdExit(execCtx regalloc.VReg, unless cond, _64bit bool, code wazevoapi.ExitCode) *instruction {
	i.kind = coldExit
	i.rn, i.rm = operandNR(execCtx), operandNR(regalloc.VRegInvalid)
	if unless.kind() != condKindCondFlagSet {
		i.rm = operandNR(unless.register())
	}
	i.u1 = uint64(unless)
	i.u2 = uint64(code)
	if _64bit {
		i.u2 |= 1 << 33
	}
	return i
}

func (i *instruction) coldExitString() string {
	when := "always"
	switch c := cond(i.u1); {
	case c == condAlways:
	case c.kind() == condKindCondFlagSet:
		when = "unless b." + c.flag().String()
	default:
		branch := "cbz"
		if c.kind() == condKindRegisterNotZero {
			branch = "cbnz"
		}
		size := byte(32)
		if i.u2&(1<<33) != 0 {
			size = 64
		}
		when = "unless " + branch + " " + formatVRegSized(i.rm.reg(), size)
	}
	return fmt.Sprintf("cold_exit %s, %d, %s", when, uint32(i.u2), formatVRegSized(i.rn.reg(), 64))
}

func (i *instruction) coldExitSize() int64 {
	if cond(i.u1) == condAlways && i.rn.reg().RealReg() == lr || i.u2&coldExitFar != 0 {
		return 8
	}
	return 4
}

// coldExitReach is the size from which a function's exits are far. What is behind a function is at most twice as long as
// the function, and a conditional branch reaches 1 MiB.
const coldExitReach = 300 << 10

// coldExitsBecomeFar is whether it has made the exits of a function of this size far, once.
func (m *machine) coldExitsBecomeFar(size int64) bool {
	if size < coldExitReach || m.coldExits.far {
		return false
	}
	m.coldExits.far = true
	for cur := m.rootInstr; cur != nil; cur = cur.next {
		if cur.kind == coldExit && cond(cur.u1) != condAlways {
			cur.u2 |= coldExitFar
		}
	}
	return true
}

// encodeColdExit emits the hot part, and coldExits the rest: a branch that is never taken,
//
//	b.cond cold ;; or cbz, cbnz
//
// if that is out of reach
//
//	b.cond over ;; the other condition
//	b      cold
//	over:
//
// and if the exit is always taken
//
//	mov x27, x30 ;; if the execution context is in x30
//	bl  sequence
func (m *machine) encodeColdExit(i *instruction) {
	c, e := m.compiler, &m.coldExits
	unless, code := cond(i.u1), uint32(i.u2)
	execCtx := i.rn.reg().RealReg()
	if unless == condAlways {
		if execCtx == lr {
			c.Emit4Bytes(movToX27(execCtx))
			execCtx = tmp
		}
		e.patches = append(e.patches, coldExitPatch{len(c.Buf()), e.sequence(coldExitKey{execCtx, code})})
		c.Emit4Bytes(0)
		return
	}
	far := i.u2&coldExitFar != 0
	branch := func(unless bool, offset uint32) uint32 { // offset in words
		switch cond(i.u1).kind() {
		case condKindRegisterZero, condKindRegisterNotZero:
			nz := cond(i.u1).kind() == condKindRegisterNotZero
			return encodeCBZCBNZ(regNumberInEncoding[i.rm.reg().RealReg()], nz == unless, offset, i.u2&(1<<33) != 0)
		default:
			flag := cond(i.u1).flag()
			if !unless {
				flag = flag.invert()
			}
			return 0b01010100<<24 | offset<<5 | uint32(flag)
		}
	}
	if far {
		c.Emit4Bytes(branch(true, 2))
	}
	e.sites = append(e.sites, coldExitSite{coldExitKey{execCtx, code}, len(c.Buf()), far, e.source})
	if far {
		c.Emit4Bytes(0x14000000) // b
	} else {
		c.Emit4Bytes(branch(false, 0))
	}
}

func movToX27(r regalloc.RealReg) uint32 { return 0xaa0003fb | regNumberInEncoding[r]<<16 }

// coldExits are the parts of a function's coldExits that stand behind its last block: for each place in the source a
// call, whose return address tells where the guest was, and for each register and exit code one sequence, which the
// calls share.
type coldExits struct {
	far       bool
	source    ssa.SourceOffset // where the function's code is encoded that is encoded now
	sites     []coldExitSite
	sequences []coldExitSequence
	patches   []coldExitPatch
}

type coldExitSite struct {
	coldExitKey
	branch int // the branch in the hot part
	far    bool
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

// coldExitPatch is a bl of a sequence.
type coldExitPatch struct{ bl, sequence int }

func (e *coldExits) reset() {
	e.far, e.source = false, -1
	e.sites, e.sequences, e.patches = e.sites[:0], e.sequences[:0], e.patches[:0]
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

// encodeColdExits emits the calls and the sequences. x27 is nobody's, and x30 is not alive at an exit.
func (m *machine) encodeColdExits() {
	c, e := m.compiler, &m.coldExits
	told := ssa.SourceOffset(-1)
	for i := range e.sites {
		s := &e.sites[i]
		key := s.coldExitKey
		if key.execCtx == lr {
			key.execCtx = tmp
		}
		n := e.sequence(key)
		q := &e.sequences[n]
		if q.call == 0 || q.source != s.source || s.execCtx == lr {
			q.call, q.source = len(c.Buf()), s.source
			if s.source.Valid() && s.source != told {
				c.AddSourceOffsetInfo(int64(q.call), s.source)
				told = s.source
			}
			if s.execCtx == lr {
				c.Emit4Bytes(movToX27(lr))
				q.source = -2 // nobody else's
			}
			e.patches = append(e.patches, coldExitPatch{len(c.Buf()), n})
			c.Emit4Bytes(0)
		}
		words := uint32(q.call-s.branch) / 4
		buf := c.Buf()
		branch := binary.LittleEndian.Uint32(buf[s.branch:])
		if s.far {
			branch |= words & (1<<26 - 1)
		} else if words > maxSignedInt19 {
			panic("BUG: an exit is out of reach")
		} else {
			branch |= words << 5
		}
		binary.LittleEndian.PutUint32(buf[s.branch:], branch)
	}
	for n := range e.sequences {
		at := len(c.Buf())
		for _, p := range e.patches {
			if p.sequence == n {
				binary.LittleEndian.PutUint32(c.Buf()[p.bl:], encodeUnconditionalBranch(true, int64(at-p.bl)))
			}
		}
		m.encodeColdSequence(e.sequences[n].coldExitKey)
	}
}

// encodeColdSequence emits, for the register r that holds the execution context:
//
//	str  x30, [r, #goCallReturnAddress] ;; where the guest was
//	mov  x30, sp
//	str  x30, [r, #stackPointerBeforeGoCall]
//	movz w30, #code
//	str  w30, [r, #exitCode]
//	exit sequence
func (m *machine) encodeColdSequence(key coldExitKey) {
	const x30 = 30
	c := m.compiler
	rn := regNumberInEncoding[key.execCtx]
	str := func(offset wazevoapi.Offset) uint32 { return 0xf9000000 | offset.U32()/8<<10 | rn<<5 | x30 }
	c.Emit4Bytes(str(wazevoapi.ExecutionContextOffsetGoCallReturnAddress))
	c.Emit4Bytes(0x910003fe) // add x30, sp, #0
	c.Emit4Bytes(str(wazevoapi.ExecutionContextOffsetStackPointerBeforeGoCall))
	c.Emit4Bytes(0x52800000 | key.code<<5 | x30)
	c.Emit4Bytes(0xb9000000 | wazevoapi.ExecutionContextOffsetExitCodeOffset.U32()/4<<10 | rn<<5 | x30)
	encodeExitSequence(c, regalloc.FromRealReg(key.execCtx, regalloc.RegTypeInt))
}

// lowerExitIfTrueWithCode lowers a comparison and the exit if it is true: one branch after the comparison.
func (m *machine) lowerExitIfTrueWithCode(execCtx regalloc.VReg, cond ssa.Value, code wazevoapi.ExitCode) {
	condDef := m.compiler.ValueDefinition(cond)
	if !m.compiler.MatchInstr(condDef, ssa.OpcodeIcmp) {
		panic("BUG: an exit that does not follow its comparison")
	}
	condDef.Instr.MarkLowered()
	x, y, c := condDef.Instr.IcmpData()
	if !c.Equality() || !m.tryLowerBandToFlag(x, y) {
		m.lowerIcmpToFlag(x, y, c.Signed())
	}
	m.exitIfNot(execCtx, condFlagFromSSAIntegerCmpCond(c).invert().asCond(), false, code)
}

func (m *machine) exitIfNot(execCtx regalloc.VReg, c cond, cond64bit bool, code wazevoapi.ExitCode) {
	m.insert(m.allocateInstr().asColdExit(execCtx, c, cond64bit, code))
}

func (m *machine) lowerExitWithCode(execCtx regalloc.VReg, code wazevoapi.ExitCode) {
	m.insert(m.allocateInstr().asColdExit(execCtx, condAlways, false, code))
}

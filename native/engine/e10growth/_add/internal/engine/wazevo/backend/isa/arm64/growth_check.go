package arm64

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// asGrowthCheck compares the stack with its limit at the entry of a function that needs this many bytes.
func (i *instruction) asGrowthCheck(required int64) *instruction {
	i.kind = growthCheck
	i.u1 = uint64(required)
	return i
}

// growthCheckSize is that of the hot part.
func (i *instruction) growthCheckSize() int64 {
	size := int64(3 * 4)
	if i.u1 > wazevoapi.SmallFrame {
		size += 3 * 4
	}
	if i.u2&coldExitFar != 0 {
		size += 4
	}
	return size
}

// coldGrowth is the part of a growthCheck that stands behind the function's last block. back is 0 if there is none.
type coldGrowth struct {
	required     uint32
	far          bool
	branch, back int
}

// encodeGrowthCheck emits the hot part, with the execution context in x0; x11 and x27 are free at an entry:
//
//	movz w27, required ;; of a large frame only: these three, and x27 for sp
//	movk w27, required >> 16, lsl 16
//	sub  x27, sp, x27
//	ldr  x11, [x0, #stackBottomPtr]
//	cmp  sp, x11
//	b.lt cold ;; signed; if that is out of reach: b.ge over; b cold; over:
//	back:
func (m *machine) encodeGrowthCheck(i *instruction) {
	c, g := m.compiler, &m.coldGrowth
	*g = coldGrowth{required: uint32(i.u1), far: i.u2&coldExitFar != 0}
	compare := uint32(0xeb2b63ff) // subs xzr, sp, x11, uxtx
	if g.required > wazevoapi.SmallFrame {
		m.encodeRequired()
		c.Emit4Bytes(0xcb3b63fb) // sub x27, sp, x27, uxtx
		compare = 0xeb0b037f     // subs xzr, x27, x11
	}
	c.Emit4Bytes(0xf940000b | wazevoapi.ExecutionContextOffsetStackBottomPtr.U32()/8<<10)
	c.Emit4Bytes(compare)
	if g.far {
		c.Emit4Bytes(0x54000000 | 2<<5 | uint32(ge))
	}
	g.branch = len(c.Buf())
	c.Emit4Bytes(0)
	g.back = len(c.Buf())
}

func (m *machine) encodeRequired() {
	const x27 = 27
	m.compiler.Emit4Bytes(0x52800000 | m.coldGrowth.required&0xffff<<5 | x27)
	m.compiler.Emit4Bytes(0x72a00000 | m.coldGrowth.required>>16<<5 | x27)
}

// encodeColdGrowth emits:
//
//	cold:
//	movz w27, required
//	movk w27, required >> 16, lsl 16
//	str  x27, [x0, #stackGrowRequiredSize]
//	ldr  x11, [x0, #stackGrowCallTrampolineAddress]
//	mov  x27, x0
//	blr  x11
//	b    back
func (m *machine) encodeColdGrowth() {
	c, g := m.compiler, &m.coldGrowth
	if g.back == 0 {
		return
	}
	cold := len(c.Buf())
	words := uint32(cold-g.branch) / 4
	branch := 0x14000000 | words // b
	if !g.far {
		branch = 0x54000000 | words<<5 | uint32(lt)
	}
	binary.LittleEndian.PutUint32(c.Buf()[g.branch:], branch)
	if len(c.SourceOffsetInfo()) > 0 {
		c.AddSourceOffsetInfo(int64(cold), ssa.SourceOffsetOfEntry)
	}
	m.encodeRequired()
	c.Emit4Bytes(0xf900001b | wazevoapi.ExecutionContextOffsetStackGrowRequiredSize.U32()/8<<10)
	c.Emit4Bytes(0xf940000b | wazevoapi.ExecutionContextOffsetStackGrowCallTrampolineAddress.U32()/8<<10)
	c.Emit4Bytes(0xaa0003fb)         // mov x27, x0
	c.Emit4Bytes(0xd63f0000 | 11<<5) // blr x11
	c.Emit4Bytes(encodeUnconditionalBranch(false, int64(g.back-len(c.Buf()))))
	g.back = 0
}

package amd64

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// asGrowthCheck compares the stack with its limit at the entry of a function that needs this many bytes.
func (i *instruction) asGrowthCheck(required int64) *instruction {
	i.kind = growthCheck
	i.u1 = uint64(required)
	return i
}

// coldGrowth is the part of a growthCheck that stands behind the function's last block. back is 0 if there is none.
type coldGrowth struct {
	required   uint32
	jump, back int // what follows the jump, and where to go on
}

// encodeHot emits, with the execution context in rax:
//
//	sub rsp, required ;; of a large frame only
//	cmp rsp, [rax + stackBottomPtr]
//	jbe cold
//	add rsp, required ;; of a large frame only
//	back:
func (g *coldGrowth) encodeHot(c backend.Compiler, required uint64) {
	g.required = uint32(required)
	if g.large() {
		g.addRSP(c, 0xec) // sub
	}
	for _, b := range []byte{0x48, 0x3b, 0x60, byte(wazevoapi.ExecutionContextOffsetStackBottomPtr), 0x0f, 0x86} {
		c.EmitByte(b)
	}
	c.Emit4Bytes(0)
	g.jump = len(*c.BufPtr())
	if g.large() {
		g.addRSP(c, 0xc4) // add
	}
	g.back = len(*c.BufPtr())
}

func (g *coldGrowth) large() bool { return g.required > wazevoapi.SmallFrame }

func (g *coldGrowth) addRSP(c backend.Compiler, op byte) {
	c.EmitByte(0x48)
	c.EmitByte(0x81)
	c.EmitByte(op)
	c.Emit4Bytes(g.required)
}

// encodeCold emits:
//
//	cold:
//	add  rsp, required ;; of a large frame only
//	mov  qword [rax + stackGrowRequiredSize], required
//	call [rax + stackGrowCallTrampolineAddress]
//	jmp  back
func (g *coldGrowth) encodeCold(c backend.Compiler) {
	if g.back == 0 {
		return
	}
	buf := c.BufPtr()
	cold := len(*buf)
	binary.LittleEndian.PutUint32((*buf)[g.jump-4:], uint32(cold-g.jump))
	if len(c.SourceOffsetInfo()) > 0 {
		c.AddSourceOffsetInfo(int64(cold), ssa.SourceOffsetOfEntry)
	}
	if g.large() {
		g.addRSP(c, 0xc4)
	}
	for _, b := range []byte{0x48, 0xc7, 0x40, byte(wazevoapi.ExecutionContextOffsetStackGrowRequiredSize)} {
		c.EmitByte(b)
	}
	c.Emit4Bytes(g.required)
	for _, b := range []byte{0xff, 0x50, byte(wazevoapi.ExecutionContextOffsetStackGrowCallTrampolineAddress), 0xe9} {
		c.EmitByte(b)
	}
	c.Emit4Bytes(uint32(g.back - len(*buf) - 4))
	g.back = 0
}

package regalloc

import (
	"fmt"
	"math/bits"
	"strings"
)

// regInUseSet has the values that are in registers. What is not in used is nil.
type regInUseSet[I Instr, B Block[I], F Function[I, B]] struct {
	used RegSet
	in   [64]*vrState[I, B, F]
}

// newRegInUseSet is for upstream's tests.
func newRegInUseSet[I Instr, B Block[I], F Function[I, B]]() (rs regInUseSet[I, B, F]) { return rs }

func (rs *regInUseSet[I, B, F]) reset() {
	for rest := rs.used; rest != 0; rest &= rest - 1 {
		rs.in[bits.TrailingZeros64(uint64(rest))] = nil
	}
	rs.used = 0
}

func (rs *regInUseSet[I, B, F]) format(info *RegisterInfo) string { //nolint:unused
	var ret []string
	rs.range_(func(r RealReg, vr *vrState[I, B, F]) {
		ret = append(ret, fmt.Sprintf("(%s->v%d)", info.RealRegName(r), vr.v.ID()))
	})
	return strings.Join(ret, ", ")
}

func (rs *regInUseSet[I, B, F]) has(r RealReg) bool { return rs.used.has(r) }

func (rs *regInUseSet[I, B, F]) get(r RealReg) *vrState[I, B, F] { return rs.in[r] }

func (rs *regInUseSet[I, B, F]) remove(r RealReg) {
	rs.in[r] = nil
	rs.used &^= 1 << uint(r)
}

func (rs *regInUseSet[I, B, F]) add(r RealReg, vr *vrState[I, B, F]) {
	if r >= 64 {
		return
	}
	rs.in[r] = vr
	rs.used = rs.used.add(r)
}

// range_ has the register and its value, in the order of the registers; f may remove the one that it is told.
func (rs *regInUseSet[I, B, F]) range_(f func(allocatedRealReg RealReg, vr *vrState[I, B, F])) {
	for rest := rs.used; rest != 0; rest &= rest - 1 {
		r := RealReg(bits.TrailingZeros64(uint64(rest)))
		f(r, rs.in[r])
	}
}

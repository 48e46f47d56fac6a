package regalloc

import (
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// 0 -> 1 (header) -> 2 -> 1, and 1 -> 3, which stands before 2: of what is in registers, the loop uses one value and passes one by.
func TestDropUnusedInLoop(t *testing.T) {
	const used, passed = VReg(1000), VReg(2000)
	for name, tc := range map[string]struct {
		registers int
		call      bool
		last      int  // instructions of the loop, in all
		late      bool // the use is the last of them
		left      []RealReg
	}{
		"few registers":               {registers: 6, left: []RealReg{1}},
		"many registers":              {registers: 20, left: []RealReg{1, 2}},
		"a call":                      {registers: 20, call: true, left: []RealReg{1}},
		"more than anybody looks at":  {registers: 6, last: loopInstructions, left: []RealReg{1}},
		"as many as anybody looks at": {registers: 6, last: loopInstructions - 20, left: []RealReg{1}},
		"a call in more than that":    {registers: 20, call: true, last: loopInstructions, left: []RealReg{1}},
		"a call in nearly that much":  {registers: 20, call: true, last: loopInstructions - 20, left: []RealReg{1}},
		"many, and many instructions": {registers: 20, last: loopInstructions - 20, left: []RealReg{1, 2}},
		"many, and more instructions": {registers: 20, last: loopInstructions, left: []RealReg{1}},
		"used late, of few":           {registers: 20, late: true, last: loopInstructions - 20, left: []RealReg{1, 2}},
		"used late, of more":          {registers: 20, late: true, last: loopInstructions},
		"just enough registers":       {registers: 7, left: []RealReg{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			body := []*mockInstr{newMockInstr().use(used)}
			if tc.call {
				body = append(body, newMockInstr().asCall())
			}
			for len(body) < tc.last {
				body = append(body, newMockInstr())
			}
			if tc.late {
				slices.Reverse(body)
			}
			b0 := newMockBlock(0, newMockInstr().def(used), newMockInstr().def(passed)).entry()
			b1 := newMockBlock(1, newMockInstr())
			b2 := newMockBlock(2, body...)
			b3 := newMockBlock(3, newMockInstr().use(passed))
			b1.addPred(b0)
			b1.addPred(b2)
			b2.addPred(b1)
			b3.addPred(b1)
			b1.loop(b3, b2)
			f := newMockFunction(b0, b1, b3, b2)
			f.loopNestingForestRoots(b1)

			info := &RegisterInfo{CallerSavedRegisters: NewRegSet(1, 2)}
			for r := range tc.registers {
				info.AllocatableRegisters[RegTypeInt] = append(info.AllocatableRegisters[RegTypeInt], RealReg(1+r))
			}
			a := _newAllocator(info)
			a.livenessAnalysis(f)
			a.numberBlocks(f)
			for r, v := range map[RealReg]VReg{1: used, 2: passed} {
				vs := a.state.getVRegState(v.ID())
				vs.v = v.SetRegType(RegTypeInt)
				a.state.useRealReg(r, vs)
			}
			a.dropUnusedInLoop(f, b1)
			var left []RealReg
			a.state.regsInUse.range_(func(r RealReg, _ *vrState[*mockInstr, *mockBlock, *mockFunction]) { left = append(left, r) })
			require.Equal(t, tc.left, left)

			// A function of loops in loops has had enough at some point.
			before := a.looks
			for range 1_000_000/max(len(body), 1) + 1 {
				a.dropUnusedInLoop(f, b1)
			}
			require.True(t, a.looks >= 0 && a.looks < before, "%d of %d", a.looks, before)
		})
	}
}

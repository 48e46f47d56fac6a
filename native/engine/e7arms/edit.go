// Package e7arms keeps code that is jumped over free of what the allocator of registers may reload there.
package e7arms

import (
	"embed"
	"strings"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7arms",
	Why: "amd64: the conversion of u64 to floats, and clz and ctz without LZCNT or BMI1 (before 2013), jump over a use of their operand inside of what the " +
		"allocator of registers takes for straight code: what it reloads there is missing on the other arm, and another value is taken for it from then on",
	Retire: "a lowerFcvtFromUint, lowerClz and lowerCtz whose arms use nothing but what was there before the jump",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "backend/isa/amd64/machine.go")
		f.ReplaceBody("(*machine).lowerCtz", `m.lowerZeros(instr, platform.CpuFeatureAmd64BMI1, unaryRmROpcodeTzcnt, unaryRmROpcodeBsf)`)
		f.ReplaceBody("(*machine).lowerClz", `m.lowerZeros(instr, platform.CpuFeatureAmd64ABM, unaryRmROpcodeLzcnt, unaryRmROpcodeBsr)`)
		f.ReplaceBody("(*machine).lowerFcvtFromUint", `if !src64 {
			tmp := m.c.AllocateVReg(ssa.TypeI32)
			m.insert(m.allocateInstr().asMovzxRmR(extModeLQ, rn, tmp))
			rn = newOperandReg(tmp)
			m.lowerFcvtFromSint(rn, rd, true, dst64)
			return
		}
		m.lowerFcvtFromUint64(rn, rd, dst64)`)
		upstreamTests(t)
	},
}

// upstreamTests changes what upstream's tests pin.
func upstreamTests(t *edit.Tree) {
	f := t.File(edit.Wazevo + "backend/isa/amd64/machine_test.go")
	text := f.Text()
	for _, width := range []struct{ of, zero, letter, operand, tmp, xor string }{
		{"64", "movabsq $%, %r1?", "q", "%rax", "%r1?", "$63"},
		{"32", "movl $%, %r1d?", "l", "%eax", "%r1d?", "$31"},
	} {
		constant := func(n string) string { return "\t" + strings.Replace(width.zero, "%", n, 1) + "\n" }
		branch := "\ttest" + width.letter + " " + width.operand + ", " + width.operand + "\n\tjnz L1\n" + constant(width.of) + "\tjmp L2\nL1:\n"
		second := strings.Replace(width.tmp, "1", "2", 1)
		cmov := "\tcmovz" + width.letter + " " + width.tmp + ", " + second + "\n"
		for _, scan := range []struct{ op, zero, then string }{
			{"bsr", map[string]string{"64": "127", "32": "63"}[width.of], "\txor " + width.xor + ", "},
			{"bsf", width.of, ""},
		} {
			line := "\t" + scan.op + width.letter + " " + width.operand + ", "
			old, with := branch+line+width.tmp+"\n", constant(scan.zero)+line+second+"\n"+cmov
			if scan.then != "" {
				old, with = old+scan.then+width.tmp+"\n", with+scan.then+second+"\n"
			}
			old, with = old+"L2:\n\tmovq %r1?, %rcx\n", with+"\tmovq %r2?, %rcx\n"
			if strings.Count(text, old) != 1 {
				edit.Fail("%s: expected once %q", f.Path(), old)
			}
			text = strings.Replace(text, old, with, 1)
		}
	}
	f.Set([]byte(text))
}

package e7lane

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7lane",
	Why: "replace_lane of floats, and on arm64 narrowing, write a part of their destination and are said not to read the rest: as in e7cmov, " +
		"an operand that has to be reloaded may take its place, and the other lanes are garbage",
	Retire: "an upstream that declares these as reading their destination",
	Apply: func(t *edit.Tree) {
		const isa = edit.Wazevo + "backend/isa/"
		// A movsd that is said to be a copy would also be left out where both registers are the same.
		t.File(isa+"amd64/machine_vec.go").ReplaceExpr("(*machine).lowerInsertLane",
			"m.allocateInstr().asXmmUnaryRmR(sseOpcodeMovsd, yy, tmpDst)", "m.allocateInstr().asXmmRmR(sseOpcodeMovsd, yy, tmpDst)")

		f := t.File(isa + "arm64/instr.go")
		f.ConstBefore("useKindRDRewrite", "// useKindRNRD is of instructions with one source that keep a part of RD; as for useKindRDRewrite, RD is a copy.\nuseKindRNRD\n")
		for _, fn := range []string{"(*instruction).Uses", "(*instruction).AssignUse"} {
			f.ReplaceExpr(fn, "useKinds[i.kind]", "i.useKind()")
		}
		f.Before("(*instruction).Uses", "case useKindRDRewrite", "case useKindRNRD:\n*regs = append(*regs, i.rn.reg(), i.rd)")
		f.Before("(*instruction).AssignUse", "case useKindRDRewrite", "case useKindRNRD:\nif index == 0 {\ni.rn = i.rn.assignReg(reg)\n} else {\ni.rd = reg\n}")
		for _, fn := range []string{"(*instruction).Defs", "(*instruction).AssignDef"} {
			f.ReplaceExpr(fn, "defKinds[i.kind]", "i.defKind()")
		}

		// What is taken out of a vector defines all of its register, so that putting in is all that vecMovElement does.
		f = t.File(isa + "arm64/lower_instr.go")
		for _, arrangement := range []string{"S", "D"} {
			f.ReplaceExpr("(*machine).LowerInstr", "mov.asVecMovElement(rd, rn, vecArrangement"+arrangement+", vecIndex(0), vecIndex(index))",
				"mov.asVecDupElement(rd, rn, vecArrangement"+arrangement+", vecIndex(index))")
		}
	},
}

package e10growth

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. It builds on e10exits, whose code behind the function is the place, and whose far branches it shares.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10growth",
	Why: "what grows the stack stands in each function's prologue, so that a call takes a branch; and the stack pointer is moved to be " +
		"compared, twice",
	Retire: "an upstream that has it behind the function",
	Apply: func(t *edit.Tree) {
		const entry = "cur = m.insertStackBoundsCheck(m.requiredStackSize(), cur)"
		const with = "cur = linkInstr(cur, m.allocateInstr().asGrowthCheck(m.requiredStackSize()))"

		const amd64 = edit.Amd64
		edit.Instruction{
			Name: "growthCheck", Why: "compares the stack with its limit; what grows it stands behind the function.",
			Uses: "useKindNone",
			Text: `fmt.Sprintf("growth_check %d", i.u1)`,
		}.AddToAmd64(t)
		t.File(amd64+"machine_pro_epi_logue.go").Replace("(*machine).setupPrologue", entry, with)
		f := t.File(amd64 + "machine.go")
		const encode = "(*machine).Encode"
		f.Before(encode, "m.coldExits.reset()", "var growth coldGrowth")
		f.Replace(encode, "needLabelResolution := cur.encode(m.c)", `
	if cur.kind == growthCheck {
		growth.encodeHot(m.c, cur.u1)
		continue
	}
	needLabelResolution := cur.encode(m.c)`)
		f.Before(encode, "for i := range polls", "growth.encodeCold(m.c)\n")

		const arm64 = edit.Arm64
		edit.Instruction{
			Name: "growthCheck", Why: "compares the stack with its limit; what grows it stands behind the function.",
			Uses:   "useKindNone",
			Text:   `fmt.Sprintf("growth_check %d", i.u1)`,
			Encode: "m.encodeGrowthCheck(i)",
			Size:   "i.growthCheckSize()",
		}.AddToArm64(t)
		t.File(arm64+"machine_pro_epi_logue.go").Replace("(*machine).setupPrologue", entry, with)
		t.File(arm64+"cold_exit.go").ReplaceExpr("(*machine).coldExitsBecomeFar", "cur.kind == coldExit && cond(cur.u1) != condAlways",
			"cur.kind == growthCheck || cur.kind == coldExit && cond(cur.u1) != condAlways")
		t.File(arm64+"machine.go").AddField("machine", "// coldGrowth is what grows the stack for the function that is encoded, see growth_check.go.\ncoldGrowth coldGrowth")
		f = t.File(arm64 + "instr_encoding.go")
		f.Before("(*machine).Encode", "m.encodeColdExits()", "m.encodeColdGrowth()")

		// A stack that overflows does so at the beginning of a function, in the source as well.
		f = t.File(edit.Wazevo + "engine.go")
		f.ReplaceText("cm.sourceMap.add(uint64(r.totalSize)+uint64(info.ExecutableOffset), uint64(info.SourceOffset))", `
	offset := uint64(info.SourceOffset)
	if info.SourceOffset == ssa.SourceOffsetOfEntry {
		offset = module.CodeSection[fnum].BodyOffsetInCodeSection
	}
	cm.sourceMap.add(uint64(r.totalSize)+uint64(info.ExecutableOffset), offset)`)
		f = t.File(edit.Wazevo + "guest_stack.go")
		f.ReplaceText("var stackHeadroom = max(16<<10, minSignalStack()+8<<10) + 15&^15", "var stackHeadroom = (max(16<<10, minSignalStack()+8<<10)+15)&^15 + wazevoapi.SmallFrame")
		f.AddImport("github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi")
	},
}

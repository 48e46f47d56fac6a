package e10compile

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. The code that is made is the same.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10compile",
	Why: "of the time that a compilation takes, the allocator of registers clears and walks lists of 64 registers, most of them empty, for each " +
		"block; and the last worker may begin the largest function when the others have done",
	Retire: "an upstream that has sets of registers, and begins with the largest function",
	Apply: func(t *edit.Tree) {
		const regalloc = edit.Wazevo + "backend/regalloc/"
		f := t.File(regalloc + "regset.go")
		for _, decl := range []string{"type regInUseSet[", "func newRegInUseSet[", "func (rs *regInUseSet[I, B, F]) reset(", "func (rs *regInUseSet[I, B, F]) format(",
			"func (rs *regInUseSet[I, B, F]) has(", "func (rs *regInUseSet[I, B, F]) get(", "func (rs *regInUseSet[I, B, F]) remove(",
			"func (rs *regInUseSet[I, B, F]) add(", "func (rs *regInUseSet[I, B, F]) range_("} {
			f.ReplaceDecl(decl, "") // in_use.go has it
		}
		f.RemoveImports("fmt")
		f = t.File(regalloc + "regalloc.go")
		f.AddImport("math/bits")
		const fix = "(*Allocator[I, B, F]).fixMergeState"
		f.Replace(fix, "var desiredOccupantsSet RegSet", "desiredOccupantsSet := desiredOccupants.used")
		f.Replace(fix, "for i, v := range desiredOccupants", "")
		f.ReplaceText("		for r := RealReg(0); r < 64; r++ {\n", `
		for rest := desiredOccupantsSet; rest != 0; rest &= rest - 1 {
			r := RealReg(bits.TrailingZeros64(uint64(rest)))
`)
		f.ReplaceText("	for allocated := RealReg(0); allocated < 64; allocated++ {\n", `
	for rest := s.regsInUse.used & a.regInfo.CallerSavedRegisters; rest != 0; rest &= rest - 1 {
		allocated := RealReg(bits.TrailingZeros64(uint64(rest)))
`)
		f.ReplaceText("		for rr := RealReg(0); rr < 64; rr++ {\n", `
		for rest := st.startRegs.used; rest != 0; rest &= rest - 1 {
			rr := RealReg(bits.TrailingZeros64(uint64(rest)))
`)

		f = t.File(edit.Wazevo + "engine.go")
		f.Before("(*engine).compileModule", "var count atomic.Uint32", "order := largestFirst(module)")
		f.After("(*engine).compileModule", "if i >= len(module.CodeSection)", "i = order[i]")
	},
}

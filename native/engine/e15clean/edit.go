package e15clean

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. arm64 extends an index where it is part of an address, for nothing.
var Edit = edit.Edit{
	Added: added,
	ID:    "e15clean",
	Why: "amd64: each address begins with an instruction that extends an index of 32 bits, though most indices come from an instruction that has " +
		"made the upper half of its register zero: a tenth of what an interpreter runs",
	Retire: "an upstream that knows which values are extended already",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "backend/compiler.go")
		f.AddField("compiler", "// See clean.go: by the number of the value, and what blocks give to parameters of others.\nclean []bool\nedges [][2]ssa.Value")
		f.After("(*compiler).assignVirtualRegisters", "c.ssaValuesInfo = builder.ValuesInfo()", "c.findClean()")

		t.File(edit.Amd64+"address.go").AtStart("(*machine).extendAddend", "if r, ok := m.cleanReg(x); ok && !signed {\nreturn r\n}")
		t.File(edit.Amd64+"machine.go").After("(*machine).lowerExtend", "rd0 := m.c.VRegOf(ret)", `
	if from == 32 && to == 64 && !signed {
		if r, ok := m.cleanReg(_arg); ok {
			m.copyTo(r, rd0)
			return
		}
	}`)
		t.File(edit.Amd64+"operands.go").Before("(*machine).getOperand_Mem_Imm32_Reg", "return m.getOperand_Imm32_Reg(def)", `
	if r, ok := m.extendedClean(def); ok {
		return newOperandReg(r)
	}`)
	},
}

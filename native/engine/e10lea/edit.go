package e10lea

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. Only amd64 has operations of two operands.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10lea",
	Why: "amd64: a sum whose operand lives on is a copy and an addition, which are one instruction, and zero is compared with as an " +
		"immediate of a byte",
	Retire: "an upstream that selects LEA and TEST",
	Apply: func(t *edit.Tree) {
		const isa = edit.Wazevo + "backend/isa/amd64/"
		t.File(isa+"machine_pro_epi_logue.go").After("(*machine).postRegAlloc", "if cur.IsCopy() && cur.op1.reg().RealReg() == cur.op2.reg().RealReg()",
			"m.joinCopy(cur)")
		t.File(isa+"instr_encoding.go").ReplaceText("\tcase lea:\n\t\tneedsLabelResolution = true\n\t\tdst := regEncodings[i.op2.reg().RealReg()]\n\t\trex := rexInfo(0).setW()\n",
			"\tcase lea:\n\t\tneedsLabelResolution = i.op1.kind == operandKindLabel\n\t\tdst := regEncodings[i.op2.reg().RealReg()]\n\t\trex := i.leaRex()\n")
		t.File(isa+"machine.go").AtStart("(*machine).lowerIcmpToFlag", `
	if yd.IsFromInstr() && yd.Instr.Constant() && yd.Instr.ConstantVal() == 0 {
		x := m.getOperand_Reg(xd)
		m.insert(m.allocateInstr().asCmpRmiR(false, x, x.reg(), _64))
		return
	}`)
	},
}

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
	Why: "amd64: a sum whose operand lives on is a copy and an addition, which are one instruction, zero is compared with as an " +
		"immediate of a byte, x & y is computed and then tested where TEST does both, and constants from 2^31 to 2^32 take ten bytes",
	Retire: "an upstream that selects LEA and TEST",
	Apply: func(t *edit.Tree) {
		const isa = edit.Wazevo + "backend/isa/amd64/"
		t.File(isa+"machine_pro_epi_logue.go").After("(*machine).postRegAlloc", "if cur.IsCopy() && cur.op1.reg().RealReg() == cur.op2.reg().RealReg()",
			"m.joinCopy(cur)")
		t.File(isa+"instr_encoding.go").ReplaceText("\tcase lea:\n\t\tneedsLabelResolution = true\n\t\tdst := regEncodings[i.op2.reg().RealReg()]\n\t\trex := rexInfo(0).setW()\n",
			"\tcase lea:\n\t\tneedsLabelResolution = i.op1.kind == operandKindLabel\n\t\tdst := regEncodings[i.op2.reg().RealReg()]\n\t\trex := i.leaRex()\n")
		t.File(isa+"instr_encoding.go").ReplaceText("con := i.u1\n\t\tif i.b1 { // 64 bit.", "con := i.u1\n\t\tif i.b1 && (con>>32 != 0 || lower32willSignExtendTo64(con)) { // 64 bit.")
		f := t.File(isa + "machine.go")
		f.ReplaceText("		v := m.getOperand_Reg(cvalDef)\n\n		var cc cond\n", "		var cc cond\n")
		f.Replace("(*machine).LowerConditionalBranch", "cmp := m.allocateInstr().asCmpRmiR(false, v, v.reg(), false)", `
		if !m.lowerBandToFlag(cvalDef) {
			v := m.getOperand_Reg(cvalDef)
			m.insert(m.allocateInstr().asCmpRmiR(false, v, v.reg(), false))
		}`)
		f.Replace("(*machine).LowerConditionalBranch", "m.insert(cmp)", "")
		f.AtStart("(*machine).lowerIcmpToFlag", `
	if yd.IsFromInstr() && yd.Instr.Constant() && yd.Instr.ConstantVal() == 0 {
		x := m.getOperand_Reg(xd)
		m.insert(m.allocateInstr().asCmpRmiR(false, x, x.reg(), _64))
		return
	}`)
	},
}

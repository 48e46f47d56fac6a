package e7rem

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7rem",
	Why: "arm64: the quotient in a remainder shares a virtual register with the result; when it is spilled in between, which " +
		"happens in the exit for a zero divisor, what comes back is not the quotient (wrong results, endless loops)",
	Retire: "wazero pull request 2508",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "backend/isa/arm64/lower_instr.go")
		const rem = "(*machine).lowerIRem"
		f.Before(rem, "div := m.allocateInstr()", `
	quotientType := ssa.TypeI32
	if _64bit {
		quotientType = ssa.TypeI64
	}
	quotient := m.compiler.AllocateVReg(quotientType)`)
		f.Replace(rem, "div.asALU(aluOpSDiv, rd, operandNR(rn), rm, _64bit)", "div.asALU(aluOpSDiv, quotient, operandNR(rn), rm, _64bit)")
		f.Replace(rem, "div.asALU(aluOpUDiv, rd, operandNR(rn), rm, _64bit)", "div.asALU(aluOpUDiv, quotient, operandNR(rn), rm, _64bit)")
		f.Replace(rem, "msub.asALURRRR(aluOpMSub, rd, operandNR(rd), rm, rn, _64bit)", "msub.asALURRRR(aluOpMSub, rd, operandNR(quotient), rm, rn, _64bit)")
	},
}

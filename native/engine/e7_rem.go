package main

var remEdit = edit{
	id: "e7rem",
	why: "arm64: the quotient in a remainder shares a virtual register with the result; when it is spilled in between, which " +
		"happens in the exit for a zero divisor, what comes back is not the quotient (wrong results, endless loops)",
	retire: "wazero pull request 2508",
	apply: func(t *tree) {
		f := t.file(wazevo + "backend/isa/arm64/lower_instr.go")
		const rem = "(*machine).lowerIRem"
		f.before(rem, "div := m.allocateInstr()", `
	quotientType := ssa.TypeI32
	if _64bit {
		quotientType = ssa.TypeI64
	}
	quotient := m.compiler.AllocateVReg(quotientType)`)
		f.replace(rem, "div.asALU(aluOpSDiv, rd, operandNR(rn), rm, _64bit)", "div.asALU(aluOpSDiv, quotient, operandNR(rn), rm, _64bit)")
		f.replace(rem, "div.asALU(aluOpUDiv, rd, operandNR(rn), rm, _64bit)", "div.asALU(aluOpUDiv, quotient, operandNR(rn), rm, _64bit)")
		f.replace(rem, "msub.asALURRRR(aluOpMSub, rd, operandNR(rd), rm, rn, _64bit)", "msub.asALURRRR(aluOpMSub, rd, operandNR(quotient), rm, rn, _64bit)")
	},
}

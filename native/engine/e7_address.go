package main

import "strings"

var addressEdit = edit{
	id: "e7address",
	why: "amd64: a constant address is sign-extended where it should be zero-extended (and the other way round), and a register that holds 32 bits " +
		"is taken for 64, although a signed load into it has set the upper half: an access whose check was left out as known to pass goes to " +
		"2 GiB below the memory, into that of another guest; arm64 drops what is negative of an offset",
	retire: "a lowerAddendFromInstr that zero-extends for UExtend, and an extension wherever 32 bits become part of an address",
	apply: func(t *tree) {
		const isa = wazevo + "backend/isa/"
		f := t.file(isa + "amd64/lower_mem.go")
		f.replaceExpr("(*machine).lowerAddend", "op != ssa.OpcodeInvalid && op != ssa.OpcodeIadd",
			"op != ssa.OpcodeInvalid && op != ssa.OpcodeIadd && m.foldsAddend(x.Instr)")
		const lower = "(*machine).lowerAddendFromInstr"
		for op, extended := range map[string]string{"SExtend": "int64(int32(inputDef.Instr.ConstantVal()))", "UExtend": "int64(uint32(inputDef.Instr.ConstantVal()))"} {
			f.replace(lower, "case constInst && op == ssa.Opcode"+op, "case constInst && op == ssa.Opcode"+op+":\nreturn addend{regalloc.VRegInvalid, "+extended+", 0}")
		}
		f.replace(lower, "r := m.getOperand_Reg(inputDef)", "r := newOperandReg(m.extendAddend(input, op == ssa.OpcodeSExtend))")
		f.replace(lower, "case ssa.OpcodeIshl", "case ssa.OpcodeIshl:\nreturn m.lowerShiftedAddend(instr)\n")

		// Everything else that makes 32 bits leaves the upper half of its register zero.
		f = t.file(isa + "amd64/machine.go")
		for _, width := range []string{"B", "W"} {
			f.replace("(*machine).lowerExtLoad", "load.asMovsxRmR(extMode"+width+"Q, mem, dst)",
				"load.asMovsxRmR(m.signedLoadMode(extMode"+width+"L, extMode"+width+"Q, dst), mem, dst)")
		}

		f = t.file(isa + "arm64/lower_mem.go")
		f.replaceExpr("(*machine).lowerToAddressModeFromAddends", "offset > 0", "offset != 0")
		addressTests(t)
	},
}

// addressTests changes upstream's tests that pin what the edit changes: a register of 32 bits is extended.
func addressTests(t *tree) {
	f := t.file(wazevo + "backend/isa/amd64/lower_mem_test.go")
	for _, name := range []string{"uextend const64", "uextend param i32", "sextend const64", "sextend param i32"} {
		at := strings.Index(string(f.text), "\""+name+"\"")
		const old = "exp: addend{raxVReg, 0, 0}"
		from := strings.Index(string(f.text[max(at, 0):]), old)
		if at < 0 || from < 0 {
			fail("%s: expected the case %q", f.path, name)
		}
		f.splice(at+from, at+from+len(old), "exp: addend{regalloc.VReg(1).SetRegType(regalloc.RegTypeInt), 0, 0}")
	}
}

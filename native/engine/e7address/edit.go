package e7address

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
	ID:    "e7address",
	Why: "amd64: a constant address is sign-extended where it should be zero-extended (and the other way round), and a register that holds 32 bits " +
		"is taken for 64, although a signed load into it has set the upper half: an access whose check was left out as known to pass goes to " +
		"2 GiB below the memory, into that of another guest; arm64 drops what is negative of an offset",
	Retire: "a lowerAddendFromInstr that zero-extends for UExtend, and an extension wherever 32 bits become part of an address",
	Apply: func(t *edit.Tree) {
		const isa = edit.Wazevo + "backend/isa/"
		f := t.File(isa + "amd64/lower_mem.go")
		f.ReplaceExpr("(*machine).lowerAddend", "op != ssa.OpcodeInvalid && op != ssa.OpcodeIadd",
			"op != ssa.OpcodeInvalid && op != ssa.OpcodeIadd && m.foldsAddend(x.Instr)")
		const lower = "(*machine).lowerAddendFromInstr"
		for op, extended := range map[string]string{"SExtend": "int64(int32(inputDef.Instr.ConstantVal()))", "UExtend": "int64(uint32(inputDef.Instr.ConstantVal()))"} {
			f.Replace(lower, "case constInst && op == ssa.Opcode"+op, "case constInst && op == ssa.Opcode"+op+":\nreturn addend{regalloc.VRegInvalid, "+extended+", 0}")
		}
		f.Replace(lower, "r := m.getOperand_Reg(inputDef)", "r := newOperandReg(m.extendAddend(input, op == ssa.OpcodeSExtend))")
		f.Replace(lower, "case ssa.OpcodeIshl", "case ssa.OpcodeIshl:\nreturn m.lowerShiftedAddend(instr)\n")

		// Everything else that makes 32 bits leaves the upper half of its register zero.
		f = t.File(isa + "amd64/machine.go")
		for _, width := range []string{"B", "W"} {
			f.Replace("(*machine).lowerExtLoad", "load.asMovsxRmR(extMode"+width+"Q, mem, dst)",
				"load.asMovsxRmR(m.signedLoadMode(extMode"+width+"L, extMode"+width+"Q, dst), mem, dst)")
		}

		f = t.File(isa + "arm64/lower_mem.go")
		f.ReplaceExpr("(*machine).lowerToAddressModeFromAddends", "offset > 0", "offset != 0")
		// assert.go has these names.
		t.File(isa+"amd64/lower_mem.go").Rename("(*machine).lowerToAddressMode", "lowerAddress")
		t.File(isa+"arm64/lower_mem.go").Rename("(*machine).lowerToAddressMode", "lowerAddress")
		addressTests(t)
	},
}

// addressTests changes upstream's tests that pin what the edit changes: a register of 32 bits is extended.
func addressTests(t *edit.Tree) {
	f := t.File(edit.Wazevo + "backend/isa/amd64/lower_mem_test.go")
	for _, name := range []string{"uextend const64", "uextend param i32", "sextend const64", "sextend param i32"} {
		const old = "exp: addend{raxVReg, 0, 0}"
		before, after, found := strings.Cut(f.Text(), "\""+name+"\"")
		between, after, pinned := strings.Cut(after, old)
		if !found || !pinned {
			edit.Fail("%s: expected the case %q", f.Path(), name)
		}
		f.Set([]byte(before + "\"" + name + "\"" + between + "exp: addend{regalloc.VReg(1).SetRegType(regalloc.RegTypeInt), 0, 0}" + after))
	}
}

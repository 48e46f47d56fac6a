package main

var cmovEdit = edit{
	id: "e7cmov",
	why: "amd64: a select of f32, f64 or v128 is said to write its destination and not to read it, which it does when it does not move: " +
		"the allocator of registers may put the operand that it reloads in its place, and the arm that was not taken is garbage",
	retire: "wazero pull request 2535",
	apply: func(t *tree) {
		f := t.file(wazevo + "backend/isa/amd64/instr.go")
		// As cmove, which is the same for integers.
		f.replaceText("xmmCMov:                defKindOp2,", "xmmCMov:                defKindNone,")
		f.replaceText("xmmCMov:                useKindOp1,", "xmmCMov:                useKindOp1Op2Reg,")
	},
}

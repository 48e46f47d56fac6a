package e7cmov

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7cmov",
	Why: "amd64: a select of f32, f64 or v128 is said to write its destination and not to read it, which it does when it does not move: " +
		"the allocator of registers may put the operand that it reloads in its place, and the arm that was not taken is garbage",
	Retire: "wazero pull request 2535",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "backend/isa/amd64/instr.go")
		// As cmove, which is the same for integers.
		f.ReplaceText("xmmCMov:                defKindOp2,", "xmmCMov:                defKindNone,")
		f.ReplaceText("xmmCMov:                useKindOp1,", "xmmCMov:                useKindOp1Op2Reg,")
	},
}

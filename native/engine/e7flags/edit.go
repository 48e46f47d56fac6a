package e7flags

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7flags",
	Why: "a branch on x & y compared with zero takes the flags of the AND for those of the comparison: they say whether it is zero, but not what they would " +
		"for zero < (x & y), which is another comparison, and on arm64 not what is below, where an AND clears the carry and a comparison with zero sets it",
	Retire: "an upstream that asks for which comparison tryLowerBandToFlag is",
	Apply: func(t *edit.Tree) {
		const branch = "(*machine).LowerConditionalBranch"
		t.File(edit.Amd64+"machine.go").ReplaceExpr(branch, "!m.tryLowerBandToFlag(xd, yd)", "!c.Equality() || !m.tryLowerBandToFlag(xd, yd)")
		t.File(edit.Arm64+"lower_instr.go").ReplaceExpr(branch, "!m.tryLowerBandToFlag(x, y)", "!c.Equality() || !m.tryLowerBandToFlag(x, y)")
	},
}

package e16tails

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit: after registers are allocated, where a copy of instructions needs no values of its own. arm64 has its tables within the
// instruction that jumps, so each copy would have the table, too; it was not measured.
var Edit = edit.Edit{
	Added: added,
	ID:    "e16tails",
	Why: "amd64: each arm of a switch in a loop jumps to the end of the loop, from there to its beginning, and from there through the table: three jumps " +
		"for each turn, the last one of which is the same for all arms, and how well it is predicted depends on where the code happens to lie",
	Retire: "an upstream that duplicates tails",
	Apply: func(t *edit.Tree) {
		t.File(edit.Amd64+"machine_pro_epi_logue.go").After("(*machine).PostRegAlloc", "m.forwards = jumps.Thread(m, m.forwards[:0])",
			"if m.jmpTableTargetsNext > 0 {\njumps.CopyTails(m)\n}")
	},
}

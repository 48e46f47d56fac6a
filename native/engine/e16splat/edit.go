package e16splat

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. arm64 has an instruction that does it.
var Edit = edit.Edit{
	Added: added,
	ID:    "e16splat",
	Why: "amd64: a value for all lanes is put into the first one of a register that holds something else, for which the instruction waits: for its own turn " +
		"before this one, in a loop",
	Retire: "an upstream that has MOVD and MOVSS there",
	Apply: func(t *edit.Tree) {
		t.File(edit.Amd64+"machine.go").ReplaceDecl("func (m *machine) lowerSplat", "")
		t.File(edit.Amd64+"machine_vec.go").ReplaceDecl("func (m *machine) lowerLoadSplat", "")
	},
}

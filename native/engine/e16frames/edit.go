package e16frames

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. arm64 has no frame pointer there.
var Edit = edit.Edit{
	Added: added,
	ID:    "e16frames",
	Why: "amd64: at the end of a function the stack pointer is made of the frame pointer, which was loaded when the last call returned: all that is loaded from the " +
		"stack behind a call waits for that",
	Retire: "an upstream that counts the stack pointer up",
	Apply: func(t *edit.Tree) {
		t.File(edit.Amd64+"machine_pro_epi_logue.go").ReplaceExpr("(*machine).setupEpilogueAfter", "m.revertRBPRSP(cur)", "m.leaveFrame(cur, prevNext)")
		// Not a test of the behaviour, but of the instructions.
		t.File(edit.Amd64+"machine_pro_epi_logue_test.go").ReplaceTexts(3, "\tmovq %rbp, %rsp\n\tpopq %rbp\n\tret", "\tpopq %rbp\n\tret")
	},
}

package e15arguments

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e15arguments",
	Why: "a parameter of the function or of a block that is passed on to a call is loaded into some register, and moved from there to the one of the " +
		"argument: the module context, at nearly each call",
	Retire: "an upstream that prefers the register of an argument for parameters, too",
	Apply: func(t *edit.Tree) {
		t.File(edit.Wazevo+"backend/regalloc/regalloc.go").ReplaceExpr("(*Allocator[I, B, F]).allocBlock", "!useState.isPhi", "!useState.isPhi || !a.givesParameter(f, blk, useState)")
	},
}

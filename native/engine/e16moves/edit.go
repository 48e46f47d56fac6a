package e16moves

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e16moves",
	Why: "what goes round in a loop comes to its register by way of the stack: the register that it should be in is not told to the copies before the last one, " +
		"and what is in that register is stored and loaded again, though others are free",
	Retire: "an upstream that walks its copies from behind, and moves what has to leave a register",
	Apply: func(t *edit.Tree) {
		const fn = "(*Allocator[I, B, F]).allocBlock"
		f := t.File(edit.Wazevo + "backend/regalloc/regalloc.go")
		f.ReplaceText("for _, instr := range a.copies {", "for i := len(a.copies) - 1; i >= 0; i-- {\ninstr := a.copies[i]")
		f.Before(fn, "r = desired", "a.moveAside(f, instr, desired, pc, currentUsedSet)")
	},
}

package e10loops

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10loops",
	Why: "values that a block passes to a loop are taken for never used again once they are defined, so the next of them gets the register of the one before: " +
		"all that a loop carries is on the stack",
	Retire: "an upstream that has these lines",
	Apply: func(t *edit.Tree) {

		f := t.File(edit.Wazevo + "backend/regalloc/regalloc.go")
		f.Before("(*Allocator[I, B, F]).allocBlock", "if succState.startFromPredIndex > -1", `
	if succState.startFromPredIndex < 0 {
		for _, p := range f.BlockParams(succ, &a.vs) {
			s.getVRegState(p.ID()).lastUse = programCounterLiveOut - 1 // of no instruction here; and let others live on rather than these
		}
	}`)
	},
}

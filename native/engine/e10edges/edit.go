package e10edges

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10edges",
	Why: "a branch whose edge is split is in no group of instructions, so that no comparison is fused with it, which are nearly all that " +
		"close a loop; and a branch that passes values is never inverted",
	Retire: "an upstream that has these four lines",
	Apply: func(t *edit.Tree) {

		f := t.File(edit.Wazevo + "ssa/pass_blk_layouts.go")
		// It stands where the other one stood.
		f.After("(*builder).splitCriticalEdge", "newBranch.rValue = Value(trampoline.ID())", "newBranch.gid = originalBranch.gid")
		const invert = "maybeInvertBranches"
		f.Replace(invert, "if len(fallthroughBranch.vs.View()) != 0 || len(condBranch.vs.View()) != 0", "")
		f.Before(invert, "condBranch.InvertBrx()", "condBranch.vs, fallthroughBranch.vs = fallthroughBranch.vs, condBranch.vs")
	},
}

package e15spills

import "wazeroengine/edit"

// Edit is this edit.
var Edit = edit.Edit{
	ID: "e15spills",
	Why: "what comes into a loop in a register and is loaded again in it is stored at the beginning of the loop, at each turn; in front of it, once does. " +
		"(A block that dominates a loop is run no more often than the header, or the loop is seldom entered.)",
	Retire: "an upstream that places spills outside loops",
	Apply: func(t *edit.Tree) {
		t.File(edit.Wazevo+"backend/regalloc/regalloc.go").ReplaceText("\t\tif r != RealRegInvalid {\n\t\t\tbreak\n\t\t}\n\n\t\tpos = f.Idom(pos)\n",
			"\t\tif r != RealRegInvalid && !pos.LoopHeader() {\n\t\t\tbreak\n\t\t}\n\n\t\tr = RealRegInvalid\n\t\tpos = f.Idom(pos)\n")
	},
}

package e10chains

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10chains",
	Why: "a function takes as long as the square of its blocks, where they stand behind one another: from each of them all above are walked, for its loop, " +
		"for what goes back to it, for a local that was set far above, and for what dominates it",
	Retire: "an upstream whose passes walk to what was found before",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "ssa/pass_cfg.go")
		// What dominates a block has a lower number. In the other direction one edge is enough.
		f.Replace("subPassLoopDetection", "if b.isDominatedBy(pred, blk)", `if pred.reversePostOrder >= blk.reversePostOrder && b.isDominatedBy(pred, blk) {
				blk.loopHeader = true
				break
			}`)
		f.Replace("passBuildLoopNestingForest", "for !n.loopHeader && n != ent", `if !n.loopHeader && n != ent {
			n = b.headers[n.id] // it has a lower number, and was here before
		}
		b.headers[blk.id] = n`)
		f.AtStart("passBuildLoopNestingForest", `if n := b.basicBlocksPool.Allocated(); len(b.headers) < n {
		b.headers = make([]*basicBlock, 2*n)
	}`)
		// The last ones first: they stand below one another mostly, and each is a step from the one before.
		f.Replace("calculateDominators", "for i := range blk.preds", `for i := len(blk.preds) - 1; i >= 0; i-- {
				pred := blk.preds[i].blk
				if doms[pred.id] == nil { // not reachable yet, as upstream
					continue
				}
				if u == nil {
					u = pred
					continue
				}
				for _, look := range look {
					look()
				}
				u = intersect(doms, u, pred)
			}`)

		f = t.File(edit.Wazevo + "ssa/builder.go")
		f.AddField("builder", "// headers are the headers of the innermost loops that blocks are in, or the entry, see passBuildLoopNestingForest.\nheaders []*basicBlock")
		f.ReplaceExpr("(*builder).findValue", "b.findValue(typ, variable, pred)", "b.findAbove(typ, variable, blk)")
		f.ReplaceBody("(*builder).resolveAlias", `return b.resolveChain(v)`)
	},
}

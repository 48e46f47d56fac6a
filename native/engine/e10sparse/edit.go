package e10sparse

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e10sparse",
	Why:    "each function pays for the largest one that was compiled before it: the table of dominators is filled as far as it ever was",
	Retire: "an upstream that has these bounds",
	Apply: func(t *edit.Tree) {

		t.File(edit.Wazevo+"ssa/pass_cfg.go").Replace("(*dominatorSparseTree).buildSparseTable", "for i := range table", `for i := range table[:n] {
		dt.poll(i)

		if len(table[i]) < k {
			table[i] = append(table[i], make([]int32, k-len(table[i]))...)
		}
		table[i][0] = int32(i)
	}`)
	},
}

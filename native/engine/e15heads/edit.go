package e15heads

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. arm64 was not measured.
var Edit = edit.Edit{
	Added: added,
	ID:    "e15heads",
	Why: "amd64: how quick a loop is, and a jump through a table in it, depends on where the code happens to lie: " +
		"of the same state machine by a third, and by the process",
	Retire: "an upstream that aligns the heads of loops and the targets of tables",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Amd64 + "machine.go")
		f.AddField("labelPosition", "// inTable: a table jumps here, see heads.go.\ninTable bool")
		f.AtStart("(*machine).Encode", "m.markTargets()")
		f.Before("(*machine).Encode", "for cur := pos.begin; cur != pos.end.next; cur = cur.next",
			"if m.isHead(pos) {\nm.alignCode()\npos.binaryOffset = int64(len(*bufPtr))\n}")
	},
}

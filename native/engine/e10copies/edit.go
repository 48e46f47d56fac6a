package e10copies

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10copies",
	Why: "amd64: a move of a vector from block to block is no copy to the allocator of registers, and stays where it moves a register to " +
		"itself; those of floats merge with what the register held before; and the comparison of a select is made a second time, for nobody",
	Retire: "an upstream that has these four words",
	Apply: func(t *edit.Tree) {

		f := t.File(edit.Wazevo + "backend/isa/amd64/machine.go")
		const move = "(*machine).InsertMove"
		f.Replace(move, "op = sseOpcodeMovss", "op = sseOpcodeMovdqu")
		f.Replace(move, "op = sseOpcodeMovsd", "op = sseOpcodeMovdqu")
		f.Replace(move, "op = sseOpcodeMovdqa", "op = sseOpcodeMovdqu")
		f.Replace("(*machine).lowerSelect", "icmp.Lowered()", "icmp.MarkLowered()")
	},
}

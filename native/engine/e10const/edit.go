package e10const

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. Wazero pull request 2514 does the same.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10const",
	Why: "an access to a constant address is compared with the length of the memory, though no memory is smaller than its declared " +
		"minimum; and the address is computed into a register, which it keeps for the accesses to come",
	Retire: "an upstream that has no check for these",
	Apply: func(t *edit.Tree) {
		t.File(edit.Wazevo+"frontend/lower.go").AtStart("(*Compiler).memOpSetup", `
	if address := c.constantAddress(baseAddr, constOffset+operationSizeInBytes); address.Valid() {
		return address
	}`)
	},
}

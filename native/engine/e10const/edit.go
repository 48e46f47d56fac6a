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
		// Upstream's tests pin the comparisons of accesses to constants: those of a memory that may be empty.
		const compile = "fc := NewFrontendCompiler(tc.m, b, &offset, tc.ensureTermination, tc.needListener, false)"
		t.File(edit.Wazevo+"frontend/frontend_test.go").ReplaceText(compile, "if memory := tc.m.MemorySection; memory != nil {\n\t\t\t\tmemory.Min = 0\n\t\t\t}\n\t\t\t"+compile)
	},
}

package e7memory

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7memory",
	Why: "closing a module frees the memory it imported, under its owner; Module.Memory() of a module without memory is not " +
		"nil but an interface around nil, which panics when used",
	Retire: "wazero pull request 2512; a Memory() that returns nil",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/module_instance.go")
		f.ReplaceExpr("(*ModuleInstance).ensureResourcesClosed", "mem.expBuffer != nil", "mem.expBuffer != nil && mem.ownerModuleEngine == m.Engine")
		f.AtStart("(*ModuleInstance).Memory", "if m.MemoryInstance == nil {\nreturn nil\n}")
	},
}

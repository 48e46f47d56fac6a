package e9lookup

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e9lookup",
	Why: "looking up a host function in a table (LookupFunction, and with it every invoke_ of emscripten) takes its host module " +
		"for a module instance, which it is not: a guest chooses what is read",
	Retire: "an upstream LookupFunction that knows host functions from others",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "module_engine.go")
		f.ReplaceExpr("(*moduleEngine).ResolveImportedFunction", "uint64(indexInImportedModule)", "uint64(indexInImportedModule|hostFlagOf(importedME))")
		f.After("(*moduleEngine).LookupFunction", "if tf.typeID != typeId", `
	if tf.indexInModule&hostFlag != 0 {
		return lookedUpHost(tf)
	}`)
	},
}

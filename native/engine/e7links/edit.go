package e7links

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7links",
	Why: "a host that keeps linked instances together cannot see which ones wazero has linked: an import that is found by name in the " +
		"registry, behind the host's back, is linked to a memory that is given to another guest when its owner is closed",
	Retire: "an upstream that says from which instances an instance imports",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/store.go")
		f.AddField("ModuleInstance", "\n// ImportedFrom are the instances that it was linked with, host modules too.\nImportedFrom []*ModuleInstance")
		f.After("(*ModuleInstance).resolveImports", "if importedModule == nil", "m.ImportedFrom = append(m.ImportedFrom, importedModule)")
	},
}

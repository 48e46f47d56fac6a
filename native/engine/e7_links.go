package main

var linksEdit = edit{
	id: "e7links",
	why: "a host that keeps linked instances together cannot see which ones wazero has linked: an import that is found by name in the " +
		"registry, behind the host's back, is linked to a memory that is given to another guest when its owner is closed",
	retire: "an upstream that says from which instances an instance imports",
	apply: func(t *tree) {
		f := t.file("internal/wasm/store.go")
		f.addField("ModuleInstance", "\n// ImportedFrom are the instances that it was linked with, host modules too.\nImportedFrom []*ModuleInstance")
		f.after("(*ModuleInstance).resolveImports", "if importedModule == nil", "m.ImportedFrom = append(m.ImportedFrom, importedModule)")
	},
}

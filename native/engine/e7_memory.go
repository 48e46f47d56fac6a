package main

var memoryEdit = edit{
	id: "e7memory",
	why: "closing a module frees the memory it imported, under its owner; Module.Memory() of a module without memory is not " +
		"nil but an interface around nil, which panics when used",
	retire: "wazero pull request 2512; a Memory() that returns nil",
	apply: func(t *tree) {
		f := t.file("internal/wasm/module_instance.go")
		f.replaceExpr("(*ModuleInstance).ensureResourcesClosed", "mem.expBuffer != nil", "mem.expBuffer != nil && mem.ownerModuleEngine == m.Engine")
		f.atStart("(*ModuleInstance).Memory", "if m.MemoryInstance == nil {\nreturn nil\n}")
	},
}

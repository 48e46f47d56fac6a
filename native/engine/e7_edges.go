package main

var sliceEdit = edit{
	id:     "e7slice",
	why:    "a read that ends with the last byte of a 4 GiB memory panics: the end of the slice overflows to 0 (interpreter and api.Memory)",
	retire: "wazero pull request 2506",
	apply: func(t *tree) {
		f := t.file("internal/wasm/memory.go")
		f.replaceExpr("(*MemoryInstance).ReadUint16Le", "m.Buffer[offset : offset+2]", "m.Buffer[offset:]")
		f.replaceExpr("(*MemoryInstance).readUint32Le", "m.Buffer[offset : offset+4]", "m.Buffer[offset:]")
		f.replaceExpr("(*MemoryInstance).readUint64Le", "m.Buffer[offset : offset+8]", "m.Buffer[offset:]")
		f.replace("(*MemoryInstance).Read", "return m.Buffer[offset : offset+byteCount : offset+byteCount], true",
			"end := uint64(offset) + uint64(byteCount)\nreturn m.Buffer[offset:end:end], true")
	},
}

var typesEdit = edit{
	id: "e7types",
	why: "a compiled module used in another runtime with the same compilation cache brings type ids of the runtime that " +
		"compiled it: imports are refused, or call_indirect checks the wrong types",
	retire: "wazero pull request 2511",
	apply: func(t *tree) {
		t.file("config.go").addField("compiledModule", "// typeIDsOf is the store that typeIDs are of.\ntypeIDsOf *wasm.Store")
		t.file("builder.go").after("(*hostModuleBuilder).Compile", "c.typeIDs = typeIDs", "c.typeIDsOf = b.r.store")
		f := t.file("runtime.go")
		f.after("(*runtime).CompileModule", "c.typeIDs = typeIDs", "c.typeIDsOf = r.store")
		f.replace("(*runtime).InstantiateModule", "mod, err = r.store.Instantiate(ctx, code.module, name, sysCtx, code.typeIDs)", `
	typeIDs := code.typeIDs
	if code.typeIDsOf != r.store {
		typeIDs, err = r.store.GetFunctionTypeIDs(code.module.TypeSection)
	}
	if err == nil {
		mod, err = r.store.Instantiate(ctx, code.module, name, sysCtx, typeIDs)
	}`)
	},
}

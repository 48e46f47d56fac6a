package main

var cacheEdit = edit{
	id: "e6",
	why: "a module whose code is there already, in memory or in a file that was checked, is decoded and validated again, which is most of " +
		"the time of loading it; and wazero's own files are checked in part only: one that was truncated is an error for ever",
	retire: "an upstream file cache that checks the whole entry, heals itself, and takes it as proof of validity",
	apply: func(t *tree) {
		t.file("internal/wasm/module.go").addField("Module", "\n// CodeVerified: these very bytes have been validated before, and function bodies are not there.\nCodeVerified bool")
		t.file("internal/wasm/module.go").replaceExpr("(*Module).validateFunctions", "c.GoFunc != nil", "c.GoFunc != nil || m.CodeVerified")

		f := t.file("internal/wasm/binary/decoder.go")
		f.replaceText("dwarfEnabled, storeCustomSections bool,\n)", "dwarfEnabled, storeCustomSections bool,\nverified ...bool, // at most one: bodies are not decoded\n)")
		f.replace("DecodeModule", "m.CodeSection, err = decodeCodeSection(r)",
			"if m.CodeVerified {\nm.CodeSection, err = countCodeSection(r, sectionSize)\n} else {\nm.CodeSection, err = decodeCodeSection(r)\n}")
		f.replace("DecodeModule", "m := &wasm.Module{}", "m := &wasm.Module{CodeVerified: len(verified) > 0 && verified[0]}")

		f = t.file("runtime.go")
		f.addImport("github.com/tetratelabs/wazero/internal/nodehost")
		const compile = "(*runtime).CompileModule"
		f.before(compile, `internal, err := binaryformat.DecodeModule(binary, r.enabledFeatures,
		r.memoryLimitPages, r.memoryCapacityFromMax, !r.dwarfDisabled, r.storeCustomSections)`, "exchange := nodehost.ExchangeOf(ctx)")
		f.replaceExpr(compile, `binaryformat.DecodeModule(binary, r.enabledFeatures,
		r.memoryLimitPages, r.memoryCapacityFromMax, !r.dwarfDisabled, r.storeCustomSections)`, `binaryformat.DecodeModule(binary, r.enabledFeatures,
		r.memoryLimitPages, r.memoryCapacityFromMax, !r.dwarfDisabled, r.storeCustomSections, exchange.IsVerified())`)
		f.replace(compile, "internal.AssignModuleID(binary, listeners, r.ensureTermination)",
			"if exchange != nil {\ninternal.ID = exchange.ID\n} else {\ninternal.AssignModuleID(binary, listeners, r.ensureTermination)\n}")

		f = t.file(wazevo + "engine.go")
		f.after("(*engine).CompileModule", "if _, ok, err := e.getCompiledModule(module, listeners, ensureTermination); ok",
			"if ok, err := e.takeCode(ctx, module, listeners, ensureTermination); ok || err != nil {\nreturn err\n}")
		f.after("(*engine).CompileModule", "if cm, err = e.addCompiledModule(module, cm); err != nil", "giveCode(ctx, cm)")
	},
}

var tryIDsEdit = edit{
	id:     "e6ids",
	why:    "with several compile workers, code of a module that has a try_table is not the same twice; and past 2^24 of them, one is taken for another",
	retire: "an upstream that numbers try_tables by where they are",
	apply: func(t *tree) {
		f := t.file(wazevo + "engine.go")
		const compile = "(*engine).compileModule"
		f.after(compile, "needSourceInfo := module.DWARFLines != nil", "tryTables, err := frontend.NumberTryTables(module)\nif err != nil {\nreturn nil, err\n}")
		f.replace(compile, "fe := frontend.NewFrontendCompiler(module, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo)",
			"fe := frontend.NewFrontendCompiler(module, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo).WithTryTables(tryTables)")
		f.replace(compile, "cm.catchClauseTable = fe.CatchClauseTable()", "cm.catchClauseTable = tryTables.Clauses")
		f.replace(compile, "sharedCCT := frontend.NewSharedCatchClauseTable()", "")
		f.replaceExpr(compile, "frontend.NewFrontendCompiler(\nmodule, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo).\nWithCatchClauseTable(sharedCCT)",
			"frontend.NewFrontendCompiler(module, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo).WithTryTables(tryTables)")
		f.replace(compile, "cm.catchClauseTable = sharedCCT.Table()", "cm.catchClauseTable = tryTables.Clauses")

		f = t.file(wazevo + "frontend/frontend.go")
		f.addField("Compiler", "// tryTables numbers the try_tables of the module, see try_ids.go.\ntryTables *TryTables\nnextTryTable int")
		f.atStart("(*Compiler).Init", "if c.tryTables != nil {\nc.nextTryTable = c.tryTables.first[idx]\n}")
		t.file(wazevo+"frontend/try_table.go").replace("(*Compiler).enterTryTable", "id := c.catchClauseTable.Append(instances)", "id := c.numberTryTable(instances)")
	},
}

package main

var compileEdit = edit{
	id: "e8compile",
	why: "the interpreter's compilation and both engines' validation do not look at their context; what a module is told of itself takes its " +
		"functions times its exports and names (a module of 1 MB: minutes); a host module takes the square of its functions; and types of modules that are long gone are never forgotten",
	retire: "upstream compilations that end with their context and take time in the order of a module's size, and a limit on the types of a store",
	apply: func(t *tree) {
		f := t.file("internal/engine/interpreter/interpreter.go")
		f.replaceText("func (e *engine) CompileModule(_ context.Context, module", "func (e *engine) CompileModule(ctx context.Context, module")
		f.inside("(*engine).CompileModule", "for i := range module.CodeSection", "if err := context.Cause(ctx); err != nil {\nreturn err\n}")

		stopInterpreter(t)
		stopSSA(t)
		stopBackend(t)
		t.file(wazevo+"compile_function.go").replaceText("\treturn e.compileFunction(", "\tssaBuilder.(interface{ StopAt(<-chan struct{}) }).StopAt(ctx.Done())\n\treturn e.compileFunction(")

		// Else its labels count on from one host function to the next, and be.Init clears as many places as there have been.
		t.file(wazevo+"engine.go").before("(*engine).compileHostModule", "be.Init()", "machine.StartLoweringFunction(0)")

		t.file("runtime.go").replace("(*runtime).CompileModule", "if err = internal.Validate(r.enabledFeatures); err != nil",
			"if err = internal.ValidateUntil(ctx.Done(), r.enabledFeatures); err != nil {\nif cause := context.Cause(ctx); cause != nil {\nerr = cause\n}\nreturn nil, err\n}")
		f = t.file("internal/wasm/module.go")
		f.addField("Module", "\n// validateUntil ends validation when it is closed, see definitions.go.\nvalidateUntil <-chan struct{}")
		f.inside("(*Module).validateFunctions", "for idx, typeIndex := range m.FunctionSection",
			"if m.stopped() {\nreturn errStopped\n}")
		const body = "for pc := uint64(0); pc < uint64(len(body)); pc++"
		v := t.file("internal/wasm/func_validation.go")
		v.inside("(*Module).validateFunctionWithMaxStackValues", body, "if pc-looked >= 4096 {\nif looked = pc; m.stopped() {\nreturn errStopped\n}\n}")
		v.before("(*Module).validateFunctionWithMaxStackValues", body, "looked := uint64(0)")

		f = t.file("internal/wasm/function_definition.go")
		const build = "(*Module).buildFunctionDefinitionsOnce"
		f.replace(build, "d.paramNames = paramNames(localNames, funcIdx, len(d.Functype.Params))",
			"d.paramNames = paramNames(localsOf[funcIdx], funcIdx, len(d.Functype.Params))")
		f.replace(build, "d.resultNames = paramNames(resultNames, funcIdx, len(d.Functype.Results))",
			"d.resultNames = paramNames(resultsOf[funcIdx], funcIdx, len(d.Functype.Results))")
		f.replace(build, "for i := range m.ExportSection", "")
		f.before(build, "n, nLen := 0, len(functionNames)", "localsOf, resultsOf := byFunction(localNames), byFunction(resultNames)\nm.nameExports()")

		f = t.file("internal/wasm/store.go")
		f.addField("Store", "\n// typeBytes is what typeIDs holds.\ntypeBytes int")
		f.replaceExpr("(*Store).getFunctionTypeIDByKey", "uint32(l) >= s.functionMaxTypes", "uint32(l) >= s.functionMaxTypes || !s.addTypeBytes(key)")
	},
}

package e8compile

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e8compile",
	Why: "the interpreter's compilation and both engines' validation do not look at their context; what a module is told of itself takes its " +
		"functions times its exports and names (a module of 1 MB: minutes), and memory its functions times its name; a host module takes the square of its functions; and types of modules that are long gone are never forgotten",
	Retire: "upstream compilations that end with their context and take time in the order of a module's size, and a limit on the types of a store",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/engine/interpreter/interpreter.go")
		f.ReplaceText("func (e *engine) CompileModule(_ context.Context, module", "func (e *engine) CompileModule(ctx context.Context, module")
		f.Inside("(*engine).CompileModule", "for i := range module.CodeSection", "if err := context.Cause(ctx); err != nil {\nreturn err\n}")

		stopInterpreter(t)
		stopSSA(t)
		stopBackend(t)
		t.File(edit.Wazevo+"compile_function.go").ReplaceText("\treturn e.compileFunction(", "\tssaBuilder.(interface{ StopAt(<-chan struct{}) }).StopAt(ctx.Done())\n\treturn e.compileFunction(")

		// Else its labels count on from one host function to the next, and be.Init clears as many places as there have been.
		t.File(edit.Wazevo+"engine.go").Before("(*engine).compileHostModule", "be.Init()", "machine.StartLoweringFunction(0)")

		t.File("runtime.go").Replace("(*runtime).CompileModule", "if err = internal.Validate(r.enabledFeatures); err != nil",
			"if err = internal.ValidateUntil(ctx.Done(), r.enabledFeatures); err != nil {\nif cause := context.Cause(ctx); cause != nil {\nerr = cause\n}\nreturn nil, err\n}")
		f = t.File("internal/wasm/module.go")
		f.AddField("Module", "\n// validateUntil ends validation when it is closed, see definitions.go.\nvalidateUntil <-chan struct{}")
		f.Inside("(*Module).validateFunctions", "for idx, typeIndex := range m.FunctionSection",
			"if m.stopped() {\nreturn errStopped\n}")
		const body = "for pc := uint64(0); pc < uint64(len(body)); pc++"
		v := t.File("internal/wasm/func_validation.go")
		v.Inside("(*Module).validateFunctionWithMaxStackValues", body, "if pc-looked >= 4096 {\nif looked = pc; m.stopped() {\nreturn errStopped\n}\n}")
		v.Before("(*Module).validateFunctionWithMaxStackValues", body, "looked := uint64(0)")

		f = t.File("internal/wasm/function_definition.go")
		const build = "(*Module).buildFunctionDefinitionsOnce"
		f.Replace(build, "d.paramNames = paramNames(localNames, funcIdx, len(d.Functype.Params))",
			"d.paramNames = paramNames(localsOf[funcIdx], funcIdx, len(d.Functype.Params))")
		f.Replace(build, "d.resultNames = paramNames(resultNames, funcIdx, len(d.Functype.Results))",
			"d.resultNames = paramNames(resultsOf[funcIdx], funcIdx, len(d.Functype.Results))")
		f.Replace(build, "for i := range m.ExportSection", "")
		// A long one is made when it is asked for: the module's name would be kept once for each of its functions, of which there may be a million.
		f.Replace(build, "d.Debugname = wasmdebug.FuncName(moduleName, funcName, funcIdx)", "if len(moduleName)+len(funcName) <= 64 {\nd.Debugname = wasmdebug.FuncName(moduleName, funcName, funcIdx)\n}")
		f.ReplaceBody("(*FunctionDefinition).DebugName", "if f.Debugname != \"\" {\nreturn f.Debugname\n}\nreturn wasmdebug.FuncName(f.moduleName, f.name, f.index)")
		f.Before(build, "n, nLen := 0, len(functionNames)", "localsOf, resultsOf := byFunction(localNames), byFunction(resultNames)\nm.nameExports()")

		f = t.File("internal/wasm/store.go")
		f.AddField("Store", "\n// typeBytes is what typeIDs holds.\ntypeBytes int")
		f.ReplaceExpr("(*Store).getFunctionTypeIDByKey", "uint32(l) >= s.functionMaxTypes", "uint32(l) >= s.functionMaxTypes || !s.addTypeBytes(key)")
	},
}

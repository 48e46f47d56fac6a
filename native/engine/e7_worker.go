package main

var workerEdit = edit{
	id:     "e7worker",
	why:    "a panic of the compiler on one of its worker goroutines ends the process; with one worker a compilation does not look at its context",
	retire: "an upstream that recovers in its compile workers and looks at the context between functions",
	apply: func(t *tree) {
		f := t.file(wazevo + "engine.go")
		f.rename("(*engine).compileLocalWasmFunction", "compileFunction")
		const compile = "(*engine).compileModule"
		f.replace(compile, `return nil, fmt.Errorf("compile function %d/%d: %v", i, len(module.CodeSection)-1, err)`,
			`return nil, fmt.Errorf("compile function %d/%d: %w", i, len(module.CodeSection)-1, err)`)
		f.replace(compile, `cancel(fmt.Errorf("compile function %d/%d: %v", i, len(module.CodeSection)-1, err))`,
			`cancel(fmt.Errorf("compile function %d/%d: %w", i, len(module.CodeSection)-1, err))`)
	},
}

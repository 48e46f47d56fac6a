package e7worker

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e7worker",
	Why:    "a panic of the compiler on one of its worker goroutines ends the process; with one worker a compilation does not look at its context",
	Retire: "an upstream that recovers in its compile workers and looks at the context between functions",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "engine.go")
		f.Rename("(*engine).compileLocalWasmFunction", "compileFunction")
		const compile = "(*engine).compileModule"
		f.Replace(compile, `return nil, fmt.Errorf("compile function %d/%d: %v", i, len(module.CodeSection)-1, err)`,
			`return nil, fmt.Errorf("compile function %d/%d: %w", i, len(module.CodeSection)-1, err)`)
		f.Replace(compile, `cancel(fmt.Errorf("compile function %d/%d: %v", i, len(module.CodeSection)-1, err))`,
			`cancel(fmt.Errorf("compile function %d/%d: %w", i, len(module.CodeSection)-1, err))`)
	},
}

package e9progress

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e9progress",
	Why:    "nothing tells how far a compilation is: who fills a cache with a large module waits for minutes and knows nothing",
	Retire: "an upstream hook that hears of each compiled function",
	Apply: func(t *edit.Tree) {
		t.File(edit.Wazevo+"compile_function.go").Rename("(*engine).compileLocalWasmFunction", "compileStoppable")
	},
}

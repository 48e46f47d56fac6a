package main

var progressEdit = edit{
	id:     "e9progress",
	why:    "nothing tells how far a compilation is: who fills a cache with a large module waits for minutes and knows nothing",
	retire: "an upstream hook that hears of each compiled function",
	apply: func(t *tree) {
		t.file(wazevo+"compile_function.go").rename("(*engine).compileLocalWasmFunction", "compileStoppable")
	},
}

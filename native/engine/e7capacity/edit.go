package e7capacity

import "wazeroengine/edit"

// Edit is this edit.
var Edit = edit.Edit{
	ID: "e7capacity",
	Why: "with WithMemoryCapacityFromMax the maximum that a module asks for is looked at before the limit of the runtime: a module that asks for more is " +
		"refused instead of limited, as it is without that option",
	Retire: "wazero pull request 2517",
	Apply: func(t *edit.Tree) {
		t.File("internal/wasm/binary/decoder.go").Replace("newMemorySizer", "return minPages, *maxPages, *maxPages", `
				// What is no size at all is said of what the module asks for.
				if *maxPages > memoryLimitPages && *maxPages <= wasm.MemoryLimitPages {
					return minPages, memoryLimitPages, memoryLimitPages
				}
				return minPages, *maxPages, *maxPages`)
	},
}

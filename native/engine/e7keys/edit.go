package e7keys

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7keys",
	Why: "the key of a type is computed when it is asked for first and kept in the type, without a lock: of types that wazero makes itself (those of host " +
		"modules and of emscripten's invoke_) that is when guests run, several at once, and a string is two words",
	Retire: "wazero pull request 2521",
	Apply: func(t *edit.Tree) {
		// String is key, for other packages. Types that are decoded have theirs already.
		t.File("internal/emscripten/emscripten.go").Before("NewInvokeFunc", "paramNames := make([]string, len(params))", "_ = fn.FunctionType.String()")
		t.File("internal/wasm/host.go").Before("(*Module).maybeAddType", "return result, nil", "_ = m.TypeSection[result].key()")
		// Upstream's test compares with types that nobody has asked.
		t.File("internal/wasm/host_test.go").AtStart("requireHostModuleEquals", "for i := range expected.TypeSection {\n_ = expected.TypeSection[i].key()\n}")
	},
}

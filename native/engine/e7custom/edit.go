package e7custom

import "wazeroengine/edit"

// Edit is this edit.
var Edit = edit.Edit{
	ID:     "e7custom",
	Why:    "a module that ends with a custom section without content is refused: reading nothing at the end is an error",
	Retire: "an upstream decodeCustomSection that reads in full",
	Apply: func(t *edit.Tree) {
		t.File("internal/wasm/binary/custom.go").Replace("decodeCustomSection", "_, err = r.Read(buf)", "if limit > 0 {\n_, err = r.Read(buf)\n}")
	},
}

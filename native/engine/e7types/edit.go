package e7types

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7types",
	Why: "a compiled module used in another runtime with the same compilation cache brings type ids of the runtime that " +
		"compiled it: imports are refused, or call_indirect checks the wrong types",
	Retire: "wazero pull request 2511",
	Apply: func(t *edit.Tree) {
		t.File("config.go").AddField("compiledModule", "// typeIDsOf is the store that typeIDs are of.\ntypeIDsOf *wasm.Store")
		t.File("builder.go").After("(*hostModuleBuilder).Compile", "c.typeIDs = typeIDs", "c.typeIDsOf = b.r.store")
		f := t.File("runtime.go")
		f.After("(*runtime).CompileModule", "c.typeIDs = typeIDs", "c.typeIDsOf = r.store")
		f.Replace("(*runtime).InstantiateModule", "mod, err = r.store.Instantiate(ctx, code.module, name, sysCtx, code.typeIDs)", `
	typeIDs := code.typeIDs
	if code.typeIDsOf != r.store {
		typeIDs, err = r.store.GetFunctionTypeIDs(code.module.TypeSection)
	}
	if err == nil {
		mod, err = r.store.Instantiate(ctx, code.module, name, sysCtx, typeIDs)
	}`)
	},
}

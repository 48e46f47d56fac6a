package e12extern

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e12extern",
	Why: "nobody can ask which references to values of the host tables and globals still hold, so all of them are kept until the last module is closed; " +
		"a host function cannot throw what a guest catches, and does not hear what a guest threw that nobody caught; " +
		"imports are found by name alone, so two of one name cannot be from two modules, and functions of the host need a module of their own for each instance",
	Retire: "an upstream that says which externrefs an instance holds, whose host functions throw and catch exceptions, and that instantiates with a list of what is imported",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "call_engine.go")
		f.Before("(*callEngine).callWithStack", "panic(wasmruntime.ErrRuntimeUncaughtException)", "nodehost.Uncaught(ctx, exn)")
		f.After("(*callEngine).callWithStack", "f.Call(ctx, mod, goCallStackView(c.execCtx.stackPointerBeforeGoCall))", "c.throwFromHost(ctx)")
		f.After("(*callEngine).callWithStack", "f.Call(ctx, callerModule, s)", "c.throwFromHost(ctx)")
		f = t.File(edit.Wazevo + "module_engine.go")
		f.After("(*hostFunction).CallWithStack", "f.g.Call(ctx, f.lookedUpModule, stack)", "uncaughtFromHost(ctx)")

		f = t.File("internal/engine/interpreter/interpreter.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/nodehost")
		f.After("(*callEngine).callGoFunc", "fn.Call(ctx, m, stack)", "ce.throwFromHost(ctx)")
		f.AtStart("(*callEngine).recoverOnCall", "if t, ok := v.(*thrownException); ok {\nnodehost.Uncaught(ctx, t.exception)\n}")

		f = t.File("internal/wasm/store.go")
		const imports = "(*ModuleInstance).resolveImports"
		f.AtStart(imports, "externs := nodehost.ExternsOf(ctx)")
		f.ReplaceExpr(imports, "resolveImport != nil", "resolveImport != nil && externs == nil")
		f.ReplaceExpr(imports, "importedModule == nil", "importedModule == nil && externs == nil")
		f.ReplaceExpr(imports, "append(m.ImportedFrom, importedModule)", "m.alsoFrom(importedModule)")
		f.ReplaceExpr(imports, "importedModule.getExport(i.Name, i.Type)", "m.extern(externs, i, &importedModule)")
	},
}

package e14host

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e14host",
	Why: "a host module is compiled anew for each set of functions, although its code says no more than their types: who gives every instance of a " +
		"guest functions of its own pays for a compiler, a mapping and a module each time; and what one instance alone imports is registered in a store of all, to be found by name",
	Retire: "an upstream whose compiled host modules can be instantiated with other functions of the same types",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/store.go")
		f.AddField("ModuleInstance", "\n// HostFunctions are those of a host module's instance; nil: those that it was compiled with.\nHostFunctions []any")
		f.Before("(*Store).instantiate", "m.Tables = make([]*TableInstance, int(module.ImportTableCount)+len(module.TableSection))",
			"if err = m.takeHostFunctions(nodehost.HostFunctionsOf(ctx)); err != nil {\nreturn nil, err\n}")
		f = t.File("internal/wasm/module_instance_lookup.go")
		f.ReplaceExpr("(*ModuleInstance).LookupFunction", "source.CodeSection[index].GoFunc", "fm.HostFunction(index)")

		f = t.File(edit.Wazevo + "engine.go")
		f.After("(*engine).NewModuleEngine", "me.opaque = buildHostModuleOpaque(m, compiled.listeners)", "me.putHostFunctions()")
		f = t.File(edit.Wazevo + "module_engine.go")
		f.ReplaceExpr("(*moduleEngine).NewFunction", "source.CodeSection[localIndex].GoFunc", "m.module.HostFunction(localIndex)")

		f = t.File(edit.Wazevo + "lookup_host.go")
		f.ReplaceExpr("lookedUpHost", "&wasm.ModuleInstance{Source: source}", "&wasm.ModuleInstance{Source: source, HostFunctions: hostFunctionsAt(f, source)}")

		f = t.File("internal/engine/interpreter/interpreter.go")
		f.Before("(*engine).NewModuleEngine", "return me, nil", "me.putHostFunctions(instance)")
	},
}

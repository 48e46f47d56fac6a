package e8table

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e8",
	Why:    "one table.grow of a guest takes 26 s and 7.8 GB; there is no limit but the table's own",
	Retire: "an upstream limit for tables, as there is for memories",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/store.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/nodehost")
		f.AddField("ModuleInstance", "\n// tableLimit is the host's limit for the tables defined here, or nil.\ntableLimit *tableLimit")
		f.Before("(*Store).instantiate", "err = m.buildTables(module, s.EnabledFeatures.IsEnabled(api.CoreFeatureReferenceTypes))",
			"if err = m.limitTables(module, nodehost.TableLimitOf(ctx)); err != nil {\nreturn nil, err\n}")

		f = t.File("internal/wasm/table.go")
		f.AddField("TableInstance", "\n// limit is the host's limit, or nil.\nlimit *tableLimit")
		f.Before("(*ModuleInstance).buildTables", "if tsec.InitExpr != nil", "t.limit = m.tableLimit")
		f.Replace("(*TableInstance).Grow", "t.References = append(t.References, make([]uintptr, delta)...)",
			"if !t.limit.take(len(t.References), delta) {\nreturn 0xffffffff\n}\nt.References = append(t.References, make([]uintptr, delta)...)")
	},
}

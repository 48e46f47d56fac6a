package main

var tableEdit = edit{
	id:     "e8",
	why:    "one table.grow of a guest takes 26 s and 7.8 GB; there is no limit but the table's own",
	retire: "an upstream limit for tables, as there is for memories",
	apply: func(t *tree) {
		f := t.file("internal/wasm/store.go")
		f.addImport("github.com/tetratelabs/wazero/internal/nodehost")
		f.addField("ModuleInstance", "\n// tableLimit is the host's limit for the tables defined here, or nil.\ntableLimit *tableLimit")
		f.before("(*Store).instantiate", "err = m.buildTables(module, s.EnabledFeatures.IsEnabled(api.CoreFeatureReferenceTypes))",
			"if err = m.limitTables(module, nodehost.MaxTableElementsOf(ctx)); err != nil {\nreturn nil, err\n}")

		f = t.file("internal/wasm/table.go")
		f.addField("TableInstance", "\n// limit is the host's limit, or nil.\nlimit *tableLimit")
		f.before("(*ModuleInstance).buildTables", "if tsec.InitExpr != nil", "t.limit = m.tableLimit")
		f.replace("(*TableInstance).Grow", "t.References = append(t.References, make([]uintptr, delta)...)",
			"if !t.limit.take(len(t.References), delta) {\nreturn 0xffffffff\n}\nt.References = append(t.References, make([]uintptr, delta)...)")
	},
}

package main

var tableEdit = edit{
	id:     "e8",
	why:    "one table.grow of a guest takes 26 s and 7.8 GB; there is no limit but the table's own",
	retire: "an upstream limit for tables, as there is for memories",
	apply: func(t *tree) {
		f := t.file("internal/wasm/store.go")
		f.addImport("github.com/tetratelabs/wazero/internal/nodehost")
		f.addField("ModuleInstance", "\n// tableLimit is the host's limit for the tables defined here, or 0.\ntableLimit uint32")
		f.before("(*Store).instantiate", "err = m.buildTables(module, s.EnabledFeatures.IsEnabled(api.CoreFeatureReferenceTypes))",
			"if err = m.limitTables(module, nodehost.MaxTableElementsOf(ctx)); err != nil {\nreturn nil, err\n}")

		f = t.file("internal/wasm/table.go")
		f.addField("TableInstance", "\n// limit is the host's limit, or 0.\nlimit uint32")
		f.before("(*ModuleInstance).buildTables", "if tsec.InitExpr != nil", "t.limit = m.tableLimit")
		f.replaceExpr("(*TableInstance).Grow", "newLen >= math.MaxUint32",
			"newLen >= math.MaxUint32 || t.limit != 0 && newLen > int64(t.limit)")
	},
}

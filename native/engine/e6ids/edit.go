package e6ids

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e6ids",
	Why:    "with several compile workers, code of a module that has a try_table is not the same twice; and past 2^24 of them, one is taken for another",
	Retire: "an upstream that numbers try_tables by where they are",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "engine.go")
		const compile = "(*engine).compileModule"
		f.After(compile, "needSourceInfo := module.DWARFLines != nil", "tryTables, err := frontend.NumberTryTables(module)\nif err != nil {\nreturn nil, err\n}")
		f.Replace(compile, "fe := frontend.NewFrontendCompiler(module, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo)",
			"fe := frontend.NewFrontendCompiler(module, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo).WithTryTables(tryTables)")
		f.Replace(compile, "cm.catchClauseTable = fe.CatchClauseTable()", "cm.catchClauseTable = tryTables.Clauses")
		f.Replace(compile, "sharedCCT := frontend.NewSharedCatchClauseTable()", "")
		f.ReplaceExpr(compile, "frontend.NewFrontendCompiler(\nmodule, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo).\nWithCatchClauseTable(sharedCCT)",
			"frontend.NewFrontendCompiler(module, ssaBuilder, &cm.offsets, ensureTermination, withListener, needSourceInfo).WithTryTables(tryTables)")
		f.Replace(compile, "cm.catchClauseTable = sharedCCT.Table()", "cm.catchClauseTable = tryTables.Clauses")

		f = t.File(edit.Wazevo + "frontend/frontend.go")
		f.AddField("Compiler", "// tryTables numbers the try_tables of the module, see try_ids.go.\ntryTables *TryTables\nnextTryTable int")
		f.AtStart("(*Compiler).Init", "if c.tryTables != nil {\nc.nextTryTable = c.tryTables.first[idx]\n}")
		t.File(edit.Wazevo+"frontend/try_table.go").Replace("(*Compiler).enterTryTable", "id := c.catchClauseTable.Append(instances)", "id := c.numberTryTable(instances)")
	},
}

package e7try

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7try",
	Why: "a catch clause sees the locals as they were on entry to its try_table, not as they are at the throw; a branch to the " +
		"end of a try_table, a br_table with one label and a catch clause that leaves an outer try_table leave handlers behind, " +
		"which then continue functions that have returned; a try_table without clauses leaves that of another",
	Retire: "wazero pull request 2504, and fixes of the other three",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "frontend/frontend.go")
		f.AddField("Compiler", "// tryLocals is where locals live in a try_table, see try_table.go.\ntryLocals tryLocals")
		f.Replace("(*Compiler).declareSignatures", `c.tryTableEnterSig = ssa.Signature{
		ID:      c.throwSig.ID + 1,
		Params:  []ssa.Type{ssa.TypeI64, ssa.TypeI64},
		Results: []ssa.Type{},
	}`, `c.tryTableEnterSig = ssa.Signature{
		ID:      c.throwSig.ID + 1,
		Params:  []ssa.Type{ssa.TypeI64 /* exec context */, ssa.TypeI64 /* size of locals, encoded exit code */},
		Results: []ssa.Type{ssa.TypeI64 /* locals */},
	}`)

		f = t.File(edit.Wazevo + "frontend/lower.go")
		const lower = "(*Compiler).lowerCurrentOpcode"
		f.Replace(lower, "case wasm.OpcodeTryTable", "case wasm.OpcodeTryTable:\nc.lowerTryTable()\n")
		f.After(lower, "newValue := state.pop()", "c.setTryLocal(index, newValue)")
		f.After(lower, "newValue := state.peek()", "c.setTryLocal(index, newValue)")
		f.After(lower, "ctrl := state.ctrlPop()", "if ctrl.kind == controlFrameKindTryTable {\nc.endTryTable()\n}")
		f.Before(lower, "targetBlk, argNum := state.brTargetArgNumFor(labels[0])", "c.emitTryTableLeaves(int(labels[0]))")
		// The label of a try_table is its end, so a branch to it leaves it too; the label of the function has no frame.
		for _, fn := range []string{"(*Compiler).branchExitsTryTable", "(*Compiler).emitTryTableLeaves"} {
			f.ReplaceExpr(fn, "i < depth", "i <= depth && i <= tail")
		}

		f = t.File(edit.Wazevo + "engine.go")
		f.Replace("(*engine).compileSharedFunctions", `addTrampoline(10,
		e.machine.CompileGoFunctionTrampoline(wazevoapi.ExitCodeTryTableEnter, &ssa.Signature{
			Params:  []ssa.Type{ssa.TypeI64, ssa.TypeI64},
			Results: []ssa.Type{},
		}, false))`, `addTrampoline(10,
		e.machine.CompileGoFunctionTrampoline(wazevoapi.ExitCodeTryTableEnter, &ssa.Signature{
			// exec context, size of locals and catch clause info (encoded)
			Params:  []ssa.Type{ssa.TypeI64, ssa.TypeI64},
			// Returns the pointer to the locals.
			Results: []ssa.Type{ssa.TypeI64},
		}, false))`)

		f = t.File(edit.Wazevo + "call_engine.go")
		f.AddField("tryHandler", "\n// locals are the locals that the try_table sets, see try_locals.go.\nlocals []uint64")
		f.After("(*callEngine).callWithStack", "h.moduleInstance = mod", "tryTableEnterStack[0] = h.localsArea(uint32(tryTableEnterStack[0] >> 32))")
		// What the entry returned is returned again.
		f.After("(*callEngine).doHandleException", "c.restoreTryFrame(h)", "goCallStackView(c.execCtx.stackPointerBeforeGoCall)[0] = h.localsArea(uint32(len(h.locals)) * 8)")

		for _, id := range []string{"14", "22"} {
			t.File(edit.Wazevo+"frontend/frontend_test.go").ReplaceText("{ID: "+id+", Params: []ssa.Type{ssa.TypeI64, ssa.TypeI64}},",
				"{ID: "+id+", Params: []ssa.Type{ssa.TypeI64, ssa.TypeI64}, Results: []ssa.Type{ssa.TypeI64}},")
		}
	},
}

package main

var tryEdit = edit{
	id: "e7try",
	why: "a catch clause sees the locals as they were on entry to its try_table, not as they are at the throw; a branch to the " +
		"end of a try_table, a br_table with one label and a catch clause that leaves an outer try_table leave handlers behind, " +
		"which then continue functions that have returned; a try_table without clauses leaves that of another",
	retire: "wazero pull request 2504, and fixes of the other three",
	apply: func(t *tree) {
		f := t.file(wazevo + "frontend/frontend.go")
		f.addField("Compiler", "// tryLocals is where locals live in a try_table, see try_table.go.\ntryLocals tryLocals")
		f.replace("(*Compiler).declareSignatures", `c.tryTableEnterSig = ssa.Signature{
		ID:      c.throwSig.ID + 1,
		Params:  []ssa.Type{ssa.TypeI64, ssa.TypeI64},
		Results: []ssa.Type{},
	}`, `c.tryTableEnterSig = ssa.Signature{
		ID:      c.throwSig.ID + 1,
		Params:  []ssa.Type{ssa.TypeI64 /* exec context */, ssa.TypeI64 /* size of locals, encoded exit code */},
		Results: []ssa.Type{ssa.TypeI64 /* locals */},
	}`)

		f = t.file(wazevo + "frontend/lower.go")
		const lower = "(*Compiler).lowerCurrentOpcode"
		f.replace(lower, "case wasm.OpcodeTryTable", "case wasm.OpcodeTryTable:\nc.lowerTryTable()\n")
		f.after(lower, "newValue := state.pop()", "c.setTryLocal(index, newValue)")
		f.after(lower, "newValue := state.peek()", "c.setTryLocal(index, newValue)")
		f.after(lower, "ctrl := state.ctrlPop()", "if ctrl.kind == controlFrameKindTryTable {\nc.endTryTable()\n}")
		f.before(lower, "targetBlk, argNum := state.brTargetArgNumFor(labels[0])", "c.emitTryTableLeaves(int(labels[0]))")
		// The label of a try_table is its end, so a branch to it leaves it too; the label of the function has no frame.
		for _, fn := range []string{"(*Compiler).branchExitsTryTable", "(*Compiler).emitTryTableLeaves"} {
			f.replaceExpr(fn, "i < depth", "i <= depth && i <= tail")
		}

		f = t.file(wazevo + "engine.go")
		f.replace("(*engine).compileSharedFunctions", `addTrampoline(10,
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

		f = t.file(wazevo + "call_engine.go")
		f.addField("tryHandler", "\n// locals are the locals that the try_table sets, see try_locals.go.\nlocals []uint64")
		f.after("(*callEngine).callWithStack", "h.moduleInstance = mod", "tryTableEnterStack[0] = h.localsArea(uint32(tryTableEnterStack[0] >> 32))")
		// What the entry returned is returned again.
		f.after("(*callEngine).doHandleException", "c.restoreTryFrame(h)", "goCallStackView(c.execCtx.stackPointerBeforeGoCall)[0] = h.localsArea(uint32(len(h.locals)) * 8)")

		for _, id := range []string{"14", "22"} {
			t.file(wazevo+"frontend/frontend_test.go").replaceText("{ID: "+id+", Params: []ssa.Type{ssa.TypeI64, ssa.TypeI64}},",
				"{ID: "+id+", Params: []ssa.Type{ssa.TypeI64, ssa.TypeI64}, Results: []ssa.Type{ssa.TypeI64}},")
		}
	},
}

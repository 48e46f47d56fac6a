package main

// What follows has the work on one function look whether anybody still waits for it, wherever that takes more than a few milliseconds for
// some function: see _add/e8compile/internal/engine/wazevo/ssa/stop.go.

func stopInterpreter(t *tree) {
	f := t.file("internal/engine/interpreter/interpreter.go")
	f.after("(*engine).CompileModule", "irCompiler, err := newCompiler(e.enabledFeatures, callFrameStackSize, module, ensureTermination)",
		"if err == nil {\nirCompiler.stopped = func() error { return context.Cause(ctx) }\n}")
	c := t.file("internal/engine/interpreter/compiler.go")
	c.addField("compiler", "\n// stopped is asked now and then: at pc looked the last time.\nstopped func() error\nlooked uint64")
	c.inside("(*compiler).compile", "for !c.controlFrames.empty() && c.pc < uint64(len(c.body))",
		"if c.pc-c.looked >= 4096 && c.stopped != nil {\nc.looked = c.pc\nif err := c.stopped(); err != nil {\nreturn err\n}\n}")
}

// stopSSA: dominators and layout take blocks times branches, redundant parameters take parameters times branches, the tables of dominators
// are large.
func stopSSA(t *tree) {
	const ssa = wazevo + "ssa/"
	f := t.file(ssa + "builder.go")
	f.addField("builder", "\nstop <-chan struct{}\nticks uint32")
	for _, fn := range []string{"findValue", "allocateBasicBlock", "blockIteratorNext", "blockIteratorReversePostOrderNext"} {
		f.atStart("(*builder)."+fn, "b.poll()")
	}
	f.atStart("(*builder).AllocateInstruction", "b.Tick()")

	f = t.file(ssa + "pass.go")
	f.before("passRedundantPhiEliminationOpt", "pred := br.vs.View()[paramIndex]", "b.poll()")
	f.inside("passDeadCodeEliminationOpt", "for len(liveInstructions) > 0", "b.Tick()")

	f = t.file(ssa + "pass_cfg.go")
	f.replaceText("func calculateDominators(reversePostOrderedBlks []*basicBlock, doms []*basicBlock)",
		"func calculateDominators(reversePostOrderedBlks []*basicBlock, doms []*basicBlock, look ...func())")
	f.before("calculateDominators", "u = intersect(doms, u, pred)", "for _, look := range look {\nlook()\n}")
	f.replaceText("calculateDominators(reversePostOrder, b.dominators)", "calculateDominators(reversePostOrder, b.dominators, b.poll)")
	f.inside("subPassLoopDetection", "for i := range blk.preds", "b.poll()")
	f.inside("passBuildLoopNestingForest", "for _, blk := range b.reversePostOrderedBasicBlocks", "b.poll()")
	f.addField("dominatorSparseTree", "\nlook func()")
	f.after("passBuildDominatorTree", "st.time = 0", "st.look = b.poll")
	f.replaceBody("(*dominatorSparseTree).eulerTour", "dt.tour(node)")
	f.inside("(*dominatorSparseTree).buildSparseTable", "for i := range table", "dt.poll(i)")
	f.inside("(*dominatorSparseTree).buildSparseTable", "for j := 1; 1<<j <= n; j++", "dt.poll(0)")

	f = t.file(ssa + "pass_blk_layouts.go")
	f.inside("passLayoutBlocks", "for i, blk := range b.reversePostOrderedBasicBlocks", "b.poll()")
	f.inside("passLayoutBlocks", "for _, blk := range nonSplitBlocks", "b.poll()")
}

// stopBackend: the allocator of registers takes blocks times values that live through them.
func stopBackend(t *tree) {
	f := t.file(wazevo + "backend/regalloc/regalloc.go")
	f.addField("Allocator", "\n// See stop.go.\nlooking interface{ Tick() }")
	const a = "(*Allocator[I, B, F])."
	f.atStart(a+"DoAllocation", "a.looking, _ = any(f).(interface{ Tick() })")
	f.before(a+"livenessAnalysis", "succID := succ.ID()", "a.tick()")
	f.before(a+"livenessAnalysis", "var use, def VReg", "a.tick()")
	f.before(a+"loopTreeDFS", "childID := child.ID()", "a.tick()")
	f.atStart(a+"finalizeStartReg", "a.tick()")
	f.before(a+"allocBlock", "var useState *vrState[I, B, F]", "a.tick()")
	f.before(a+"allocBlock", "succID := succ.ID()", "a.tick()")
	f.before(a+"allocBlock", "var currentUsedSet RegSet", "a.tick()")
	f.before(a+"fixMergeState", "pred := f.Pred(blk, i)", "a.tick()")
	f.before(a+"scheduleSpill", "st := a.getOrAllocateBlockState(pos.ID())", "a.tick()")

	t.file(wazevo+"backend/compiler_lower.go").inside("(*compiler).lowerBlock", "for ; cur != nil; cur = cur.Prev()", "c.tick()")
	t.file(wazevo+"backend/isa/amd64/machine.go").before("(*machine).Encode", "needLabelResolution := cur.encode(m.c)", "m.regAllocFn.Tick()")
	t.file(wazevo+"backend/isa/arm64/instr_encoding.go").inside("(*machine).encode", "for cur := root; cur != nil; cur = cur.next", "m.regAllocFn.Tick()")
}

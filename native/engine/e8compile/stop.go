package e8compile

import "wazeroengine/edit"

func stopInterpreter(t *edit.Tree) {
	f := t.File("internal/engine/interpreter/interpreter.go")
	f.After("(*engine).CompileModule", "irCompiler, err := newCompiler(e.enabledFeatures, callFrameStackSize, module, ensureTermination)",
		"if err == nil {\nirCompiler.stopped = func() error { return context.Cause(ctx) }\n}")
	c := t.File("internal/engine/interpreter/compiler.go")
	c.AddField("compiler", "\n// stopped is asked now and then: at pc looked the last time.\nstopped func() error\nlooked uint64")
	c.Inside("(*compiler).compile", "for !c.controlFrames.empty() && c.pc < uint64(len(c.body))",
		"if c.pc-c.looked >= 4096 && c.stopped != nil {\nc.looked = c.pc\nif err := c.stopped(); err != nil {\nreturn err\n}\n}")
}

// stopSSA: dominators and layout take blocks times branches, redundant parameters take parameters times branches, the tables of dominators
// are large.
func stopSSA(t *edit.Tree) {
	const ssa = edit.Wazevo + "ssa/"
	f := t.File(ssa + "builder.go")
	f.AddField("builder", "\nstop <-chan struct{}\nticks uint32")
	for _, fn := range []string{"findValue", "allocateBasicBlock", "blockIteratorNext", "blockIteratorReversePostOrderNext"} {
		f.AtStart("(*builder)."+fn, "b.poll()")
	}
	f.AtStart("(*builder).AllocateInstruction", "b.Tick()")

	f = t.File(ssa + "pass.go")
	f.Before("passRedundantPhiEliminationOpt", "pred := br.vs.View()[paramIndex]", "b.poll()")
	f.Inside("passDeadCodeEliminationOpt", "for len(liveInstructions) > 0", "b.Tick()")

	f = t.File(ssa + "pass_cfg.go")
	f.ReplaceText("func calculateDominators(reversePostOrderedBlks []*basicBlock, doms []*basicBlock)",
		"func calculateDominators(reversePostOrderedBlks []*basicBlock, doms []*basicBlock, look ...func())")
	f.Before("calculateDominators", "u = intersect(doms, u, pred)", "for _, look := range look {\nlook()\n}")
	f.ReplaceText("calculateDominators(reversePostOrder, b.dominators)", "calculateDominators(reversePostOrder, b.dominators, b.poll)")
	f.Inside("subPassLoopDetection", "for i := range blk.preds", "b.poll()")
	f.Inside("passBuildLoopNestingForest", "for _, blk := range b.reversePostOrderedBasicBlocks", "b.poll()")
	f.AddField("dominatorSparseTree", "\nlook func()")
	f.After("passBuildDominatorTree", "st.time = 0", "st.look = b.poll")
	f.ReplaceBody("(*dominatorSparseTree).eulerTour", "dt.tour(node)")
	f.Inside("(*dominatorSparseTree).buildSparseTable", "for i := range table", "dt.poll(i)")
	f.Inside("(*dominatorSparseTree).buildSparseTable", "for j := 1; 1<<j <= n; j++", "dt.poll(0)")

	f = t.File(ssa + "pass_blk_layouts.go")
	f.Inside("passLayoutBlocks", "for i, blk := range b.reversePostOrderedBasicBlocks", "b.poll()")
	f.Inside("passLayoutBlocks", "for _, blk := range nonSplitBlocks", "b.poll()")
}

// stopBackend: the allocator of registers takes blocks times values that live through them.
func stopBackend(t *edit.Tree) {
	f := t.File(edit.Wazevo + "backend/regalloc/regalloc.go")
	f.AddField("Allocator", "\n// See stop.go.\nlooking interface{ Tick() }")
	const a = "(*Allocator[I, B, F])."
	f.AtStart(a+"DoAllocation", "a.looking, _ = any(f).(interface{ Tick() })")
	f.Before(a+"livenessAnalysis", "succID := succ.ID()", "a.tick()")
	f.Before(a+"livenessAnalysis", "var use, def VReg", "a.tick()")
	f.Before(a+"loopTreeDFS", "childID := child.ID()", "a.tick()")
	f.AtStart(a+"finalizeStartReg", "a.tick()")
	f.Before(a+"allocBlock", "var useState *vrState[I, B, F]", "a.tick()")
	f.Before(a+"allocBlock", "succID := succ.ID()", "a.tick()")
	f.Before(a+"allocBlock", "var currentUsedSet RegSet", "a.tick()")
	f.Before(a+"fixMergeState", "pred := f.Pred(blk, i)", "a.tick()")
	f.Before(a+"scheduleSpill", "st := a.getOrAllocateBlockState(pos.ID())", "a.tick()")

	// The builder, as what it is to those who only look whether to stop: asked for once, not for each instruction.
	const looking = "// looking is the builder, see stop.go.\nlooking interface{ Tick() }"
	f = t.File(edit.Wazevo + "backend/compiler.go")
	f.AddField("compiler", looking)
	f.Before("newCompiler", "mach.SetCompiler(c)", "c.looking, _ = builder.(interface{ Tick() })")
	for isa, compiler := range map[string]string{"amd64": "c", "arm64": "ctx"} {
		t.File(edit.Wazevo+"backend/isa/"+isa+"/machine_regalloc.go").AddField("regAllocFn", looking)
		t.File(edit.Wazevo+"backend/isa/"+isa+"/machine.go").After("(*machine).SetCompiler", "m.regAllocFn.ssaB = "+compiler+".SSABuilder()",
			"m.regAllocFn.looking, _ = m.regAllocFn.ssaB.(interface{ Tick() })")
	}
	t.File(edit.Wazevo+"backend/compiler_lower.go").Inside("(*compiler).lowerBlock", "for ; cur != nil; cur = cur.Prev()", "c.tick()")
	t.File(edit.Wazevo+"backend/isa/amd64/machine.go").Before("(*machine).Encode", "needLabelResolution := cur.encode(m.c)", "m.regAllocFn.Tick()")
	t.File(edit.Wazevo+"backend/isa/arm64/instr_encoding.go").Inside("(*machine).encode", "for cur := root; cur != nil; cur = cur.next", "m.regAllocFn.Tick()")
}

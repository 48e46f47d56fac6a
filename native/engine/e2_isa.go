package main

// pollOnAmd64 lowers and encodes InterruptPoll, see _add/e2/internal/engine/wazevo/backend/isa/amd64/poll.go. The
// growth trampoline of amd64 keeps every register already.
func pollOnAmd64(t *tree) {
	const isa = wazevo + "backend/isa/amd64/"
	f := t.file(isa + "instr.go")
	f.constBefore("instrMax", "// interruptPoll calls Go if the stack limit is poisoned.\ninterruptPoll\n")
	f.addElement("defKinds", "interruptPoll: defKindNone")
	f.addElement("useKinds", "interruptPoll: useKindOp1")
	f.before("(*instruction).String", "case exitSequence", "case interruptPoll:\nreturn fmt.Sprintf(\"interrupt_poll %s\", i.op1.format(true))")
	f.before("instructionKind.String", "case exitSequence", "case interruptPoll:\nreturn \"interruptPoll\"")
	t.file(isa+"instr_encoding.go").before("(*instruction).encode", "case exitSequence", "case interruptPoll:\nencodeInterruptPoll(c, i.op1.reg().RealReg())")
	f = t.file(isa + "machine.go")
	f.before("(*machine).LowerInstr", "case ssa.OpcodeExitWithCode",
		"case ssa.OpcodeInterruptPoll:\nm.insert(m.allocateInstr().asInterruptPoll(m.c.VRegOf(instr.Arg())))")
	encode := "(*machine).Encode"
	f.before(encode, "for _, pos := range m.orderedSSABlockLabelPos", "var polls []coldPoll\nsource := ssa.SourceOffset(-1)")
	f.after(encode, "m.c.AddSourceOffsetInfo(offset, cur.sourceOffsetInfo())", "source = cur.sourceOffsetInfo()")
	f.after(encode, "needLabelResolution := cur.encode(m.c)", `if cur.kind == interruptPoll {
		polls = append(polls, coldPoll{cur.op1.reg().RealReg(), len(*bufPtr), source})
	}`)
	f.before(encode, "for i := range m.consts", "for i := range polls {\npolls[i].encode(m.c)\n}\n")
}

// pollOnArm64 does the same. Here the growth trampoline did not keep every register, took the context in x0, and left no
// frame by which a function that stops at its entry could be unwound; see _add/e2/.../arm64/poll.go.
func pollOnArm64(t *tree) {
	const isa = wazevo + "backend/isa/arm64/"
	f := t.file(isa + "instr.go")
	f.constBefore("numInstructionKinds", "// interruptPoll calls Go if the stack limit is poisoned.\ninterruptPoll\n")
	f.addElement("defKinds", "interruptPoll: defKindNone")
	f.addElement("useKinds", "interruptPoll: useKindRN")
	f.before("(*instruction).String", "case exitSequence", "case interruptPoll:\nstr = fmt.Sprintf(\"interrupt_poll %s\", formatVRegSized(i.rn.nr(), 64))")
	f.before("(*instruction).size", "case exitSequence", "case interruptPoll:\nreturn interruptPollSize")
	t.file(isa+"instr_encoding.go").before("(*instruction).encode", "case exitSequence", "case interruptPoll:\nencodeInterruptPoll(c, i.rn.reg().RealReg())")
	t.file(isa+"lower_instr.go").before("(*machine).LowerInstr", "case ssa.OpcodeExitWithCode",
		"case ssa.OpcodeInterruptPoll:\nm.insert(m.allocateInstr().asInterruptPoll(m.compiler.VRegOf(instr.Arg())))")

	f = t.file(isa + "machine_pro_epi_logue.go")
	f.replaceDecl("var saveRequiredRegs", "")
	f.replaceBody("(*machine).CompileStackGrowCallSequence", "return m.compilePollTrampoline()")
	// The prologue's call: the address goes to x11, which is free there, the context to x27.
	check := "(*machine).insertStackBoundsCheck"
	f.replace(check, "ldrAddress.asULoad(tmpRegVReg, amode2, 64)", "ldrAddress.asULoad(tmp2, amode2, 64)")
	f.before(check, "bl := m.allocateInstr()", "context := m.allocateInstr()\ncontext.asMove64(tmpRegVReg, x0VReg)\ncur = linkInstr(cur, context)\n")
	f.replace(check, "bl.asCallIndirect(tmpRegVReg, nil)", "bl.asCallIndirect(tmp2, nil)")

	// x28 is Go's g. Guest code never writes it, so there is nothing to keep; to restore it would hand Go the g of
	// whoever entered native code if that was not the one who left it.
	t.file(isa+"abi_go_call.go").replaceText("x26VReg, x28VReg,", "x26VReg,")
	t.file(isa+"abi.go").replaceText("x26, x28,", "x26,")
}

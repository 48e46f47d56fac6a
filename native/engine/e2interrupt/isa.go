package e2interrupt

import "wazeroengine/edit"

// pollOnAmd64 lowers and encodes InterruptPoll, see _add/internal/engine/wazevo/backend/isa/amd64/poll.go. The
// growth trampoline of amd64 keeps every register already.
func pollOnAmd64(t *edit.Tree) {
	edit.Instruction{
		Name: "interruptPoll", Why: "calls Go if the stack limit is poisoned.",
		Uses:   "useKindOp1",
		Text:   `fmt.Sprintf("interrupt_poll %s", i.op1.format(true))`,
		Encode: "encodeInterruptPoll(c, i.op1.reg().RealReg())",
	}.AddToAmd64(t)
	f := t.File(edit.Amd64 + "machine.go")
	f.Before("(*machine).LowerInstr", "case ssa.OpcodeExitWithCode",
		"case ssa.OpcodeInterruptPoll:\nm.insert(m.allocateInstr().asInterruptPoll(m.c.VRegOf(instr.Arg())))")
	encode := "(*machine).Encode"
	f.Before(encode, "for _, pos := range m.orderedSSABlockLabelPos", "var polls []coldPoll\nsource := ssa.SourceOffset(-1)")
	f.After(encode, "m.c.AddSourceOffsetInfo(offset, cur.sourceOffsetInfo())", "source = cur.sourceOffsetInfo()")
	f.After(encode, "needLabelResolution := cur.encode(m.c)", `if cur.kind == interruptPoll {
		polls = append(polls, coldPoll{cur.op1.reg().RealReg(), len(*bufPtr), source})
	}`)
	f.Before(encode, "for i := range m.consts", "for i := range polls {\npolls[i].encode(m.c)\n}\n")
}

// pollOnArm64 does the same. Here the growth trampoline did not keep every register, took the context in x0, and left no
// frame by which a function that stops at its entry could be unwound; see _add/.../arm64/poll.go.
func pollOnArm64(t *edit.Tree) {
	const isa = edit.Arm64
	edit.Instruction{
		Name: "interruptPoll", Why: "calls Go if the stack limit is poisoned.",
		Uses:   "useKindRN",
		Text:   `fmt.Sprintf("interrupt_poll %s", formatVRegSized(i.rn.nr(), 64))`,
		Encode: "encodeInterruptPoll(c, i.rn.reg().RealReg())",
		Size:   "interruptPollSize",
	}.AddToArm64(t)
	t.File(isa+"lower_instr.go").Before("(*machine).LowerInstr", "case ssa.OpcodeExitWithCode",
		"case ssa.OpcodeInterruptPoll:\nm.insert(m.allocateInstr().asInterruptPoll(m.compiler.VRegOf(instr.Arg())))")

	f := t.File(isa + "machine_pro_epi_logue.go")
	f.ReplaceDecl("var saveRequiredRegs", "")
	f.ReplaceBody("(*machine).CompileStackGrowCallSequence", "return m.compilePollTrampoline()")
	// The prologue's call: the address goes to x11, which is free there, the context to x27.
	check := "(*machine).insertStackBoundsCheck"
	f.Replace(check, "ldrAddress.asULoad(tmpRegVReg, amode2, 64)", "ldrAddress.asULoad(tmp2, amode2, 64)")
	f.Before(check, "bl := m.allocateInstr()", "context := m.allocateInstr()\ncontext.asMove64(tmpRegVReg, x0VReg)\ncur = linkInstr(cur, context)\n")
	f.Replace(check, "bl.asCallIndirect(tmpRegVReg, nil)", "bl.asCallIndirect(tmp2, nil)")

	// x28 is Go's g. Guest code never writes it, so there is nothing to keep; to restore it would hand Go the g of
	// whoever entered native code if that was not the one who left it.
	t.File(isa+"abi_go_call.go").ReplaceText("x26VReg, x28VReg,", "x26VReg,")
	t.File(isa+"abi.go").ReplaceText("x26, x28,", "x26,")
}

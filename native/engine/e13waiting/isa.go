package e13waiting

import "wazeroengine/edit"

func onAmd64(t *edit.Tree) {
	const isa = edit.Wazevo + "backend/isa/amd64/"
	f := t.File(isa + "machine.go")
	f.AddField("machine", "// contextSlots are the words for the contexts, see contexts.go.\ncontextSlots contextSlots")
	f.AtStart("(*machine).Reset", "m.contextSlots = contextSlots{}")
	f.AtStart("(*machine).prepareCall", "m.contextSlots.needed = true")
	f.ReplaceExpr("(*machine).frameSize", "m.clobberedRegSlotSize() + m.spillSlotSize", "m.clobberedRegSlotSize() + m.spillSlotSize + m.contextSlots.size()")
	t.File(isa+"abi.go").After("(*machine).LowerParams", "a := m.currentABI", "m.noteContexts(args)")
	t.File(isa+"machine_pro_epi_logue.go").After("(*machine).setupPrologue", "if !m.stackBoundsCheckDisabled", "cur = m.storeContexts(cur)")
	f = t.File(isa + "machine_regalloc.go")
	const store, reload = "(*machine).insertStoreRegisterAt", "(*machine).insertReloadRegisterAt"
	for _, fn := range []string{store, reload} {
		f.Replace(fn, "offsetFromSP := m.getVRegSpillSlotOffsetFromSP(v.ID(), typ.Size())", "")
		f.ReplaceExpr(fn, "newOperandMem(m.newAmodeImmReg(uint32(offsetFromSP), rspVReg))", "m.spillSlot(v.ID(), typ.Size())")
	}
	f = t.File(isa + "abi_entry_preamble.go")
	const preamble = "(*machine).compileEntryPreamble"
	f.Before(preamble, "if stackSlotSize := abi.AlignedArgResultStackSlotSize(); stackSlotSize > 0", "cur = m.storeEntryContexts(cur)")
	f.After(preamble, "cur = linkInstr(cur, call)", "cur = m.loadEntryContexts(cur, uint32(abi.AlignedArgResultStackSlotSize()))")
	// What lives across calls in code for arm64 can be looked at on amd64, too, where it cannot be run: waiting_check_test.go.
	t.File(edit.Wazevo+"isa_amd64.go").AtStart("newMachine", "if checkedMachine != nil {\nreturn checkedMachine()\n}")
}

// onArm64 is the same; the prologue has the execution context in the frame already, beside the frame's size: edit e12guard.
func onArm64(t *edit.Tree) {
	const isa = edit.Wazevo + "backend/isa/arm64/"
	f := t.File(isa + "machine.go")
	f.AddField("machine", "// contextSlots are the words for the contexts, see contexts.go.\ncontextSlots contextSlots")
	f.AtStart("(*machine).Reset", "m.contextSlots = contextSlots{}")
	f = t.File(isa + "abi.go")
	f.After("(*machine).LowerParams", "a := m.currentABI", "m.noteContexts(args)")
	f.AtStart("(*machine).prepareCall", "m.needContexts()")
	t.File(isa+"machine_pro_epi_logue.go").After("(*machine).setupPrologue", "cur = m.createFrameSizeSlot(cur, m.frameSize())", "cur = m.storeModuleContext(cur)")
	f = t.File(isa + "machine_regalloc.go")
	for _, fn := range []string{"(*machine).insertStoreRegisterAt", "(*machine).insertReloadRegisterAt"} {
		f.ReplaceExpr(fn, "m.getVRegSpillSlotOffsetFromSP(v.ID(), typ.Size())", "m.spillSlotOffset(v.ID(), typ.Size())")
	}
	f = t.File(isa + "abi_entry_preamble.go")
	const preamble = "(*machine).constructEntryPreamble"
	f.After(preamble, "cur = m.move64(spVReg, goAllocatedStackPtr, cur)", "cur = m.storeEntryContexts(cur)")
	f.After(preamble, "cur = linkInstr(cur, bl)", "cur = m.loadEntryContexts(cur)")
	// The frames end below what the entry keeps.
	t.File(edit.Wazevo+"isa_arm64.go").ReplaceExpr("unwindStack", "arm64.UnwindStack(sp, fp, top, returnAddresses)", "arm64.UnwindStack(sp, fp, top-entryContexts, returnAddresses)")
	t.File(edit.Wazevo+"unwind_poll_arm64.go").ReplaceExpr("unwindPoll", "arm64.UnwindPoll(sp, top, uintptr(ec.savedRegisters[0][0]), atEntry)", "arm64.UnwindPoll(sp, top-entryContexts, uintptr(ec.savedRegisters[0][0]), atEntry)")
}

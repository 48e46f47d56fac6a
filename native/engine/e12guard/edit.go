package e12guard

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit: code that does not compare addresses with the length of the memory, for memories behind which nothing can be accessed
// (linux on amd64 and arm64; nobody asks for it elsewhere). A host asks for it with Exchange.Guarded, and its signal handler makes the exit that the
// comparison would have made, see internal/nodehost/guard.go.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e12guard",
	Why:    "each access is compared with the length of the memory: two fifths of CPython's code, and 9 % of its time",
	Retire: "an upstream with guard pages",
	Apply: func(t *edit.Tree) {
		inFrontend(t)
		inSSA(t)
		onAmd64(t)
		onArm64(t)
		inEngine(t)
	},
}

func inFrontend(t *edit.Tree) {
	f := t.File(edit.Wazevo + "frontend/lower.go")
	f.Before("(*Compiler).memOpSetup", "address = ssa.ValueInvalid", `
	if c.m.Guarded && !c.compares {
		return c.guardedAddress(baseAddr, constOffset+operationSizeInBytes)
	}`)
	// It looks whether the address is aligned after it has looked whether it is inside; and waiting wants an address that is.
	f.Replace("(*Compiler).atomicMemOpSetup", "addrWithoutOffset := c.memOpSetup(baseAddr, constOffset, operationSizeInBytes)", `
	c.compares = true
	addrWithoutOffset := c.memOpSetup(baseAddr, constOffset, operationSizeInBytes)
	c.compares = false`)
	t.File(edit.Wazevo+"frontend/frontend.go").AddField("Compiler", "// compares tells that an access is compared in guarded code, too.\ncompares bool")
}

func inSSA(t *edit.Tree) {
	f := t.File(edit.Wazevo + "ssa/builder.go")
	f.ReplaceText("InsertInstruction(raw *Instruction)", "InsertInstruction(raw *Instruction)\n\n// GuestAccess tells that the next access to memory is to this address, and may trap.\nGuestAccess(address Value)")
	f.AddField("builder", "// guestAccess is the address of GuestAccess, while that access has not come.\nguestAccess Value\nawaitsGuestAccess bool")
	f.AtStart("(*builder).InsertInstruction", "if b.awaitsGuestAccess {\nb.noteGuestAccess(instr)\n}")
	f.AtStart("(*builder).Init", "b.awaitsGuestAccess = false")
	f = t.File(edit.Wazevo + "ssa/instructions.go")
	f.AddField("Instruction", "// mayTrap: an access of the guest that nothing has compared.\nmayTrap bool")
	f.AtStart("(*Instruction).sideEffect", "if i.isTrappingLoad() {\nreturn sideEffectTraps\n}")
}

func onAmd64(t *edit.Tree) {
	const isa = edit.Wazevo + "backend/isa/amd64/"
	// Which bytes of its operand an instruction reads is its own business, and some read fewer than the load would have, or none.
	f := t.File(isa + "operands.go")
	for _, fn := range []string{"(*machine).getOperand_Mem_Reg", "(*machine).getOperand_Mem_Imm32_Reg"} {
		f.ReplaceExpr(fn, "m.c.MatchInstr(def, ssa.OpcodeLoad)", "m.c.MatchInstr(def, ssa.OpcodeLoad) && !def.Instr.MayTrap()")
	}
	// The end of the chain of frames says which call it is: the address of its context, and one, which no frame has.
	f = t.File(isa + "abi_entry_preamble.go")
	f.Replace("(*machine).compileEntryPreamble", "zerosRbp := m.allocateInstr().asAluRmiR(aluRmiROpcodeXor, newOperandReg(rbpVReg), rbpVReg, true)", `
	cur = m.move64(savedExecutionContextPtr, rbpVReg, cur)
	endOfChain := m.allocateInstr().asAluRmiR(aluRmiROpcodeAdd, newOperandImm32(1), rbpVReg, true)`)
	f.Replace("(*machine).compileEntryPreamble", "cur = linkInstr(cur, zerosRbp)", "cur = linkInstr(cur, endOfChain)")
	t.File(isa+"abi_entry_preamble_test.go").ReplaceTexts(7, "\txor %rbp, %rbp\n", "\tmovq %rdx, %rbp\n\tadd $1, %rbp\n")
	t.File(isa+"stack.go").ReplaceExpr("AdjustClonedStack", "callerRBP == 0", "callerRBP == 0 || callerRBP&1 != 0")
}

func onArm64(t *edit.Tree) {
	const isa = edit.Wazevo + "backend/isa/arm64/"
	// Frames are not linked there. The word beside the size of a frame is nobody's: it says which call it is, in every frame.
	f := t.File(isa + "machine_pro_epi_logue.go")
	f.Replace("(*machine).createFrameSizeSlot", "store.asStore(operandNR(frameSizeReg), _amode, 64)", "store.asStorePair64(frameSizeReg, executionContextPtrReg, _amode)")
	t.File(isa+"lower_mem.go").After("(*machine).lowerStore", "amode := m.lowerToAddressMode(ptr, offset, storeSizeInBits)",
		"if si.MayTrap() && storeSizeInBits > 8 {\nm.touch(amode, storeSizeInBits)\n}")
	f = t.File(isa + "machine_pro_epi_logue_test.go")
	f.ReplaceTexts(2, "str xzr, [sp, #-0x10]!", "stp xzr, x0, [sp, #-0x10]!")
	f.ReplaceTexts(4, "str x27, [sp, #-0x10]!", "stp x27, x0, [sp, #-0x10]!")
}

func inEngine(t *edit.Tree) {
	t.File("internal/nodehost/code.go").AddField("Exchange", `// Guarded asks for code that does not compare addresses. It runs with memories that say they are guarded, and with no others.
	Guarded bool`)
	f := t.File("internal/wasm/module.go")
	f.AddField("Module", "\n// Guarded: its code does not compare addresses, see nodehost.Exchange.\nGuarded bool")
	t.File("runtime.go").Before("(*runtime).CompileModule", "if exchange != nil", "internal.Guarded = exchange != nil && exchange.Guarded")

	f = t.File(edit.Wazevo + "engine.go")
	f.AddField("executables", "// guarded tells that the host's signal handler knows this code.\nguarded bool")
	f.AtStart("executablesFinalizer", "exec.leaveGuard()")
	f.Before("(*engine).compileModule", "cm.sharedFunctions = e.sharedFunctions", "if err = cm.enterGuard(executable); err != nil {\ncm.executable = nil\n_ = platform.MunmapCodeSegment(executable)\nreturn nil, err\n}")
	t.File(edit.Wazevo+"code.go").Before("(*engine).takeCode", "machine := newMachine()", "if err := cm.enterGuard(x.Code); err != nil {\nreturn false, err\n}")

	f = t.File(edit.Wazevo + "module_engine.go")
	f.AtStart("(*moduleEngine).DoneInstantiation", "m.checkGuard()")
	f.ReplaceExpr("(*moduleEngine).putLocalMemory", "len(mem.Buffer) > 0", "len(mem.Buffer) > 0 || mem.IsGuarded()")
	f.Replace("(*moduleEngine).putLocalMemory", "b = uint64(uintptr(unsafe.Pointer(&mem.Buffer[0])))", "b = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(mem.Buffer)))) // also of one that is empty")
}

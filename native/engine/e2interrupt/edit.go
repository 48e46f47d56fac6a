package e2interrupt

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Every function entry compares the stack pointer with execCtx.stackBottomPtr already. An interrupt stores the largest
// number there; loop heads of modules that want it get the same comparison. Both call the stack-growth trampoline, which
// keeps all registers, so that Go can look, let others run, and go on where it was.
// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e2",
	Why: "upstream leaves to Go at every loop iteration to look for an interruption (30 times slower), does not look where " +
		"there is no loop, and cannot let the guest go on",
	Retire: "wazero issue 2466, or any poll that can be resumed",
	Apply: func(t *edit.Tree) {
		pollInstruction(t)
		pollOnAmd64(t)
		pollOnArm64(t)
		pollInCallEngine(t)
		closeInterrupts(t)
		pollTests(t)
	},
}

// pollInstruction makes InterruptPoll an SSA instruction and puts it at the head of loops.
func pollInstruction(t *edit.Tree) {
	f := t.File(edit.Wazevo + "ssa/instructions.go")
	f.ConstBefore("opcodeEnd", "// OpcodeInterruptPoll calls Go if the stack limit of the execution context is poisoned: `InterruptPoll ctx`.\nOpcodeInterruptPoll")
	f.AddElement("instructionSideEffects", "OpcodeInterruptPoll: sideEffectStrict")
	f.AddElement("instructionReturnTypes", "OpcodeInterruptPoll: returnTypesFnNoReturns")
	f.Before("(*Instruction).Format", "case OpcodeExitWithCode", "case OpcodeInterruptPoll:\ninstSuffix = \" \" + i.v.Format(b)")
	f.Before("Opcode.String", "case OpcodeExitWithCode", "case OpcodeInterruptPoll:\nreturn \"InterruptPoll\"")

	lower := t.File(edit.Wazevo + "frontend/lower.go")
	lower.Replace("(*Compiler).lowerCurrentOpcode", "if c.ensureTermination", `if c.ensureTermination || wazevoapi.AlwaysPoll {
		builder.AllocateInstruction().AsInterruptPoll(c.execCtxPtrValue).Insert(builder)
	}`)
}

// pollInCallEngine is the Go side of a poll, see _add/internal/engine/wazevo/interrupt.go.
func pollInCallEngine(t *edit.Tree) {
	f := t.File(edit.Wazevo + "call_engine.go")
	f.AddField("callEngine", "// interruption is what interrupts this call, see interrupt.go.\ninterruption")

	const call = "(*callEngine).callWithStack"
	f.Before(call, "if c.stackTop&(16-1) != 0", "c.beginCall(ctx)\ndefer c.endCall()")
	f.Inside(call, "case wazevoapi.ExitCodeGrowStack", `if !c.poll() {
		c.execCtx.exitCode = wazevoapi.ExitCodeOK
		afterInterruptionEntrypoint(c.execCtx.goCallReturnAddress, c.execCtxPtr,
			uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)), c.execCtx.framePointerBeforeGoCall)
		continue
	}`)
	f.ReplaceExpr(call, `unwindStack(
		uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)),
		c.execCtx.framePointerBeforeGoCall,
		c.stackTop,
		nil,
	)`, "c.unwindStopped()")
	f.After(call, "def, lsn = c.addFrame(builder, retAddr)", `if c.skipListener(def, retAddr) {
		lsn = nil
	}`)
	f.After(call, "adjustClonedStack(oldsp, oldTop, newsp, newfp, c.stackTop)", "c.execCtx.stackGrowRequiredSize = 0")
	f.After("(*callEngine).init", "c.execCtxPtr = uintptr(unsafe.Pointer(&c.execCtx))", "c.run.Init((*uintptr)(unsafe.Pointer(&c.execCtx.stackBottomPtr)))")

	// Who stores a limit looks for what is pending: the store may have undone a poison. After E4 these are all.
	f.Replace("(*callEngine).growStack", "c.execCtx.stackBottomPtr = c.stackBottom()", "c.armStackLimit()")
	f.Replace("(*snapshot).doRestore", "ec.stackBottomPtr = c.stackBottom()", "c.armStackLimit()")
	stack := t.File(edit.Wazevo + "guest_stack.go")
	stack.Replace("(*callEngine).takeStack", "c.execCtx.stackBottomPtr = c.stackBottom()", "c.armStackLimit()")
	stack.Replace("(*callEngine).giveStack", "c.execCtx.stackBottomPtr = nil", "c.setStackLimit(nil)")

	t.File(edit.Wazevo+"module_engine.go").AddField("moduleEngine", "// running are the calls that closing the module stops, see interrupt.go.\nrunning runningCalls")
}

// closeInterrupts makes closing a module, also on behalf of a context that ended, stop its calls.
func closeInterrupts(t *edit.Tree) {
	t.File("internal/wasm/module_instance.go").Replace("(*ModuleInstance).setExitCode", "return m.Closed.CompareAndSwap(0, closed)", `if !m.Closed.CompareAndSwap(0, closed) {
		return false
	}
	if e, ok := m.Engine.(interface{ InterruptCalls() }); ok {
		e.InterruptCalls()
	}
	return true`)
}

package main

import (
	"go/ast"
	"go/token"
)

// Every function entry compares the stack pointer with execCtx.stackBottomPtr already. An interrupt stores the largest
// number there; loop heads of modules that want it get the same comparison. Both call the stack-growth trampoline, which
// keeps all registers, so that Go can look, let others run, and go on where it was.
var interruptEdit = edit{
	id: "e2",
	why: "upstream leaves to Go at every loop iteration to look for an interruption (30 times slower), does not look where " +
		"there is no loop, and cannot let the guest go on",
	retire: "wazero issue 2466, or any poll that can be resumed",
	apply: func(t *tree) {
		pollInstruction(t)
		pollOnAmd64(t)
		pollOnArm64(t)
		pollInCallEngine(t)
		closeInterrupts(t)
		pollTests(t)
	},
}

// pollInstruction makes InterruptPoll an SSA instruction and puts it at the head of loops.
func pollInstruction(t *tree) {
	f := t.file(wazevo + "ssa/instructions.go")
	f.constBefore("opcodeEnd", "// OpcodeInterruptPoll calls Go if the stack limit of the execution context is poisoned: `InterruptPoll ctx`.\nOpcodeInterruptPoll")
	f.addElement("instructionSideEffects", "OpcodeInterruptPoll: sideEffectStrict")
	f.addElement("instructionReturnTypes", "OpcodeInterruptPoll: returnTypesFnNoReturns")
	f.before("(*Instruction).Format", "case OpcodeExitWithCode", "case OpcodeInterruptPoll:\ninstSuffix = \" \" + i.v.Format(b)")
	f.before("Opcode.String", "case OpcodeExitWithCode", "case OpcodeInterruptPoll:\nreturn \"InterruptPoll\"")

	lower := t.file(wazevo + "frontend/lower.go")
	lower.replace("(*Compiler).lowerCurrentOpcode", "if c.ensureTermination", `if c.ensureTermination || wazevoapi.AlwaysPoll {
		builder.AllocateInstruction().AsInterruptPoll(c.execCtxPtrValue).Insert(builder)
	}`)
}

// pollInCallEngine is the Go side of a poll, see _add/e2/internal/engine/wazevo/interrupt.go.
func pollInCallEngine(t *tree) {
	f := t.file(wazevo + "call_engine.go")
	f.addField("callEngine", "// interruption is what interrupts this call, see interrupt.go.\ninterruption")

	const call = "(*callEngine).callWithStack"
	f.before(call, "if c.stackTop&(16-1) != 0", "c.beginCall(ctx)\ndefer c.endCall()")
	f.inside(call, "case wazevoapi.ExitCodeGrowStack", `if !c.poll() {
		c.execCtx.exitCode = wazevoapi.ExitCodeOK
		afterGoFunctionCallEntrypoint(c.execCtx.goCallReturnAddress, c.execCtxPtr,
			uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)), c.execCtx.framePointerBeforeGoCall)
		continue
	}`)
	f.replaceExpr(call, `unwindStack(
		uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)),
		c.execCtx.framePointerBeforeGoCall,
		c.stackTop,
		nil,
	)`, "c.unwindStopped()")
	f.after(call, "def, lsn = c.addFrame(builder, retAddr)", `if c.skipListener(def, retAddr) {
		lsn = nil
	}`)
	f.after(call, "adjustClonedStack(oldsp, oldTop, newsp, newfp, c.stackTop)", "c.execCtx.stackGrowRequiredSize = 0")
	f.after("(*callEngine).init", "c.execCtxPtr = uintptr(unsafe.Pointer(&c.execCtx))", "c.run.Init((*uintptr)(unsafe.Pointer(&c.execCtx.stackBottomPtr)))")

	// Who stores a limit looks for what is pending: the store may have undone a poison. After E4 these are all.
	f.replace("(*callEngine).growStack", "c.execCtx.stackBottomPtr = c.stackBottom()", "c.armStackLimit()")
	f.replace("(*snapshot).doRestore", "ec.stackBottomPtr = c.stackBottom()", "c.armStackLimit()")
	stack := t.file(wazevo + "guest_stack.go")
	stack.replace("(*callEngine).takeStack", "c.execCtx.stackBottomPtr = c.stackBottom()", "c.armStackLimit()")
	stack.replace("(*callEngine).giveStack", "c.execCtx.stackBottomPtr = nil", "c.setStackLimit(nil)")

	t.file(wazevo+"module_engine.go").addField("moduleEngine", "// running are the calls that closing the module stops, see interrupt.go.\nrunning runningCalls")
}

// closeInterrupts makes closing a module, also on behalf of a context that ended, stop its calls.
func closeInterrupts(t *tree) {
	t.file("internal/wasm/module_instance.go").replace("(*ModuleInstance).setExitCode", "return m.Closed.CompareAndSwap(0, closed)", `if !m.Closed.CompareAndSwap(0, closed) {
		return false
	}
	if e, ok := m.Engine.(interface{ InterruptCalls() }); ok {
		e.InterruptCalls()
	}
	return true`)
}

// constBefore declares constants before the one called name, in its group.
func (f *file) constBefore(name, decls string) {
	var at []token.Pos
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == name {
			at = append(at, v.Names[0].Pos())
			if v.Doc != nil {
				at[len(at)-1] = v.Doc.Pos()
			}
		}
		return true
	})
	if len(at) != 1 {
		fail("%s: expected one declaration of %s but found %d", f.path, name, len(at))
	}
	f.splice(f.offset(at[0]), f.offset(at[0]), decls+"\n")
}

// addElement adds an element at the end of the composite literal that a variable is declared with.
func (f *file) addElement(variable, element string) {
	var at []token.Pos
	for _, d := range f.ast.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if v.Names[0].Name == variable && len(v.Values) == 1 {
					if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
						at = append(at, lit.Rbrace)
					}
				}
			}
		}
	}
	if len(at) != 1 {
		fail("%s: expected one literal %s but found %d", f.path, variable, len(at))
	}
	f.splice(f.offset(at[0]), f.offset(at[0]), element+",\n")
}

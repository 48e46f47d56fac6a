package e4stack

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e4",
	Why: "guests run on small stacks in Go's heap; a signal handler without SA_ONSTACK (libuv's are) writes kilobytes below " +
		"them into other objects; each idle api.Function holds a stack; each entry to a try_table copies the whole stack",
	Retire: "an upstream that runs guests on stacks with room for signal handlers, and lends them per call",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "call_engine.go")
		f.AddField("callEngine", `
		// stackCtx is the context of the call that the stack is lent to.
		stackCtx context.Context
		// stackOfSnapshot tells that the stack belongs to a snapshot, which may come back to it.
		stackOfSnapshot bool`)
		f.ReplaceBody("(*callEngine).init", "c.execCtxPtr = uintptr(unsafe.Pointer(&c.execCtx))")
		// Before the deferred function that unwinds the stack after a panic, so that the stack goes after it.
		f.Before("(*callEngine).callWithStack", "var paramResultPtr *uint64", `
	if c.takeStack(ctx) {
		defer c.giveStack()
	}`)

		f.ReplaceBody("(*callEngine).growStack", `
	usable, err := c.nextStack()
	if err != nil {
		return
	}
	oldStack, ofSnapshot := c.stack, c.stackOfSnapshot
	newSP, newFP, c.stackTop, c.stack = c.cloneStack(uintptr(usable))
	c.execCtx.stackBottomPtr = c.stackBottom()
	c.stackOfSnapshot = false
	if !ofSnapshot {
		freeStack(oldStack)
	}
	return`)
		f.ReplaceDecl("const callStackCeiling", "")
		f.Replace("(*callEngine).cloneStack", "newStack = make([]byte, l)", "newStack = allocStack(int(l))")
		f.ReplaceExpr("(*callEngine).Snapshot", "uintptr(len(c.stack)) + 16", "uintptr(c.usableStack())")
		f.ReplaceExpr("(*snapshot).doRestore", "&c.stack[0]", "c.stackBottom()")
		f.After("(*snapshot).doRestore", "c.stack = s.stack", "c.stackOfSnapshot = true")

		f.RemoveFields("tryHandler", "sp", "savedRegisters", "stack")
		f.AddField("tryHandler", "// frame is what to continue with.\nframe tryFrame")
		enter := "(*callEngine).callWithStack"
		f.Replace(enter, "oldTop, oldSp := c.stackTop, uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall))", "h := c.pushTryHandler()")
		f.Replace(enter, "newSP, newFP, newTop, newStack := c.cloneStack(uintptr(len(c.stack)) + 16)", "h.returnAddress = returnAddress")
		f.Replace(enter, "adjustClonedStack(oldSp, oldTop, newSP, newFP, newTop)", "h.catchClauses = clauses")
		f.Replace(enter, `c.tryHandlers = append(c.tryHandlers, tryHandler{
				sp:             newSP,
				fp:             newFP,
				top:            newTop,
				returnAddress:  returnAddress,
				savedRegisters: c.execCtx.savedRegisters,
				stack:          newStack,
				catchClauses:   clauses,
				moduleInstance: mod,
			})`, "h.moduleInstance = mod")
		catch := "(*callEngine).doHandleException"
		for _, gone := range []string{
			"spp := *(**uint64)(unsafe.Pointer(&h.sp))",
			"c.stack = h.stack",
			"c.stackTop = h.top",
			"ec.stackBottomPtr = &c.stack[0]",
			"ec.stackPointerBeforeGoCall = spp",
			"ec.framePointerBeforeGoCall = h.fp",
			"ec.goCallReturnAddress = h.returnAddress",
			"ec.savedRegisters = h.savedRegisters",
		} {
			f.Replace(catch, gone, "")
		}
		f.Before(catch, "ec := &c.execCtx", "c.restoreTryFrame(h)")

		f = t.File(edit.Wazevo + "call_engine_test.go")
		f.ReplaceDecl("func TestCallEngine_init", "")      // a call engine has no stack until it is called
		f.ReplaceDecl("func TestCallEngine_growStack", "") // other sizes; guest_stack_test.go has their tests
		f.ReplaceDecl("import", "import (\n\t\"testing\"\n\n\t\"github.com/tetratelabs/wazero/internal/testing/require\"\n)")
	},
}

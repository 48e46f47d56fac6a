package main

var stackEdit = edit{
	id: "e4",
	why: "guests run on small stacks in Go's heap; a signal handler without SA_ONSTACK (libuv's are) writes kilobytes below " +
		"them into other objects; each idle api.Function holds a stack; each entry to a try_table copies the whole stack",
	retire: "an upstream that runs guests on stacks with room for signal handlers, and lends them per call",
	apply: func(t *tree) {
		f := t.file(wazevo + "call_engine.go")
		f.addField("callEngine", `
		// stackCtx is the context of the call that the stack is lent to.
		stackCtx context.Context
		// stackOfSnapshot tells that the stack belongs to a snapshot, which may come back to it.
		stackOfSnapshot bool`)
		f.replaceBody("(*callEngine).init", "c.execCtxPtr = uintptr(unsafe.Pointer(&c.execCtx))")
		// Before the deferred function that unwinds the stack after a panic, so that the stack goes after it.
		f.before("(*callEngine).callWithStack", "var paramResultPtr *uint64", `
	if c.takeStack(ctx) {
		defer c.giveStack()
	}`)

		f.replaceBody("(*callEngine).growStack", `
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
		f.replaceDecl("const callStackCeiling", "")
		f.replace("(*callEngine).cloneStack", "newStack = make([]byte, l)", "newStack = allocStack(int(l))")
		f.replaceExpr("(*callEngine).Snapshot", "uintptr(len(c.stack)) + 16", "uintptr(c.usableStack())")
		f.replaceExpr("(*snapshot).doRestore", "&c.stack[0]", "c.stackBottom()")
		f.after("(*snapshot).doRestore", "c.stack = s.stack", "c.stackOfSnapshot = true")

		f.removeFields("tryHandler", "sp", "savedRegisters", "stack")
		f.addField("tryHandler", "// frame is what to continue with.\nframe tryFrame")
		enter := "(*callEngine).callWithStack"
		f.replace(enter, "oldTop, oldSp := c.stackTop, uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall))", "h := c.pushTryHandler()")
		f.replace(enter, "newSP, newFP, newTop, newStack := c.cloneStack(uintptr(len(c.stack)) + 16)", "h.returnAddress = returnAddress")
		f.replace(enter, "adjustClonedStack(oldSp, oldTop, newSP, newFP, newTop)", "h.catchClauses = clauses")
		f.replace(enter, `c.tryHandlers = append(c.tryHandlers, tryHandler{
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
			f.replace(catch, gone, "")
		}
		f.before(catch, "ec := &c.execCtx", "c.restoreTryFrame(h)")

		f = t.file(wazevo + "call_engine_test.go")
		f.replaceDecl("func TestCallEngine_init", "")      // a call engine has no stack until it is called
		f.replaceDecl("func TestCallEngine_growStack", "") // other sizes; guest_stack_test.go has their tests
		f.replaceDecl("import", "import (\n\t\"testing\"\n\n\t\"github.com/tetratelabs/wazero/internal/testing/require\"\n)")
	},
}

package main

var directEdit = edit{
	id: "e5",
	why: "a call crosses Go's runtime twice, which costs ten times what the guest's entry does; a caller in C that holds what " +
		"entering takes can run the guest without, and leaves to Go what only Go can do",
	retire: "an upstream accessor for a function's entry, and calls that can be continued from an exit",
	apply: func(t *tree) {
		const call = "(*callEngine).callWithStack"
		f := t.file(wazevo + "call_engine.go")
		f.replace(call, "entrypoint(c.preambleExecutable, c.executable, c.execCtxPtr, c.parent.opaquePtr, paramResultPtr, c.stackTop)", `
	if c.execCtx.exitCode == wazevoapi.ExitCodeOK { // else it has been entered already, see direct.go
		entrypoint(c.preambleExecutable, c.executable, c.execCtxPtr, c.parent.opaquePtr, paramResultPtr, c.stackTop)
	}`)
		// A snapshot of another call unwinds this one: its next call begins anew.
		f.before(call, "panic(s)", "c.execCtx.exitCode = wazevoapi.ExitCodeOK")
		t.file(wazevo+"interrupt.go").replace("(*callEngine).beginCall", "c.execCtx.stackGrowRequiredSize = 0", `
	if c.execCtx.exitCode == wazevoapi.ExitCodeOK {
		c.execCtx.stackGrowRequiredSize = 0 // of a call that overflowed its stack
	}`)
	},
}

package e5direct

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e5",
	Why: "a call crosses Go's runtime twice, which costs ten times what the guest's entry does; a caller in C that holds what " +
		"entering takes can run the guest without, and leaves to Go what only Go can do",
	Retire: "an upstream accessor for a function's entry, and calls that can be continued from an exit",
	Apply: func(t *edit.Tree) {
		const call = "(*callEngine).callWithStack"
		f := t.File(edit.Wazevo + "call_engine.go")
		f.Replace(call, "entrypoint(c.preambleExecutable, c.executable, c.execCtxPtr, c.parent.opaquePtr, paramResultPtr, c.stackTop)", `
	if c.execCtx.exitCode == wazevoapi.ExitCodeOK { // else it has been entered already, see direct.go
		entrypoint(c.preambleExecutable, c.executable, c.execCtxPtr, c.parent.opaquePtr, paramResultPtr, c.stackTop)
	}`)
		// A snapshot of another call unwinds this one: its next call begins anew.
		f.Before(call, "panic(s)", "c.execCtx.exitCode = wazevoapi.ExitCodeOK")
		t.File(edit.Wazevo+"interrupt.go").Replace("(*callEngine).beginCall", "c.execCtx.stackGrowRequiredSize = 0", `
	if c.execCtx.exitCode == wazevoapi.ExitCodeOK {
		c.execCtx.stackGrowRequiredSize = 0 // of a call that overflowed its stack
	}`)
	},
}

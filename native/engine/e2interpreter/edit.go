package e2interpreter

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e2i",
	Why: "the interpreter looks for a closed module at loop heads only, not in recursion, call trees or tail calls, and has no " +
		"interruption that a guest survives",
	Retire: "as e2",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/engine/interpreter/interpreter.go")
		f.AddField("callEngine", "\n// polling interrupts the call, see poll.go.\npolling polling")
		f.Before("(*callEngine).call", "ce.pushValues(params)", "ce.beginPolling(ctx)\ndefer ce.endPolling()\n")
		// After the frame is there: a listener that saw Before is told of the abort by it.
		f.After("(*callEngine).callNativeFunc", "ce.pushFrame(frame)", "ce.limitStack()\nce.poll(f)")
		f.Inside("(*callEngine).callNativeFunc", "case operationKindBuiltinFunctionCheckExitCode", "ce.poll(frame.f)")
		f.After("(*callEngine).resetPc", "frame.pc = 0", "ce.poll(f)")
	},
}

package main

var interpreterPollEdit = edit{
	id: "e2i",
	why: "the interpreter looks for a closed module at loop heads only, not in recursion, call trees or tail calls, and has no " +
		"interruption that a guest survives",
	retire: "as e2",
	apply: func(t *tree) {
		f := t.file("internal/engine/interpreter/interpreter.go")
		f.addField("callEngine", "\n// polling interrupts the call, see poll.go.\npolling polling")
		f.before("(*callEngine).call", "ce.pushValues(params)", "ce.beginPolling(ctx)\ndefer ce.endPolling()\n")
		// After the frame is there: a listener that saw Before is told of the abort by it.
		f.after("(*callEngine).callNativeFunc", "ce.pushFrame(frame)", "ce.limitStack()\nce.poll(f)")
		f.inside("(*callEngine).callNativeFunc", "case operationKindBuiltinFunctionCheckExitCode", "ce.poll(frame.f)")
		f.after("(*callEngine).resetPc", "frame.pc = 0", "ce.poll(f)")
	},
}

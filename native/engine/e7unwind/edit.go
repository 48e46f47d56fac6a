package e7unwind

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7unwind",
	Why: "the interpreter passes a panic on from inside of a deferred function at each level of the guest that may catch an exception or " +
		"restore a snapshot, and Go walks all the levels before each time: a stack overflow takes a second, which nothing ends",
	Retire: "an upstream interpreter that unwinds in linear time",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/engine/interpreter/interpreter.go")
		const call = "(*callEngine).callWithUnwind"
		f.Before(call, "caught := false", "var passedOn any")
		f.Replace(call, "panic(r)", "passedOn = r")
		f.Before(call, "return caught", `
	if passedOn != nil {
		panic(passedOn)
	}`)
	},
}

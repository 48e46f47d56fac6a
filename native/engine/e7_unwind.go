package main

var unwindEdit = edit{
	id: "e7unwind",
	why: "the interpreter passes a panic on from inside of a deferred function at each level of the guest that may catch an exception or " +
		"restore a snapshot, and Go walks all the levels before each time: a stack overflow takes a second, which nothing ends",
	retire: "an upstream interpreter that unwinds in linear time",
	apply: func(t *tree) {
		f := t.file("internal/engine/interpreter/interpreter.go")
		const call = "(*callEngine).callWithUnwind"
		f.before(call, "caught := false", "var passedOn any")
		f.replace(call, "panic(r)", "passedOn = r")
		f.before(call, "return caught", `
	if passedOn != nil {
		panic(passedOn)
	}`)
	},
}

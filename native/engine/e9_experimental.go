package main

var lookupEdit = edit{
	id: "e9lookup",
	why: "looking up a host function in a table (LookupFunction, and with it every invoke_ of emscripten) takes its host module " +
		"for a module instance, which it is not: a guest chooses what is read",
	retire: "an upstream LookupFunction that knows host functions from others",
	apply: func(t *tree) {
		f := t.file(wazevo + "module_engine.go")
		f.replaceExpr("(*moduleEngine).ResolveImportedFunction", "uint64(indexInImportedModule)", "uint64(indexInImportedModule|hostFlagOf(importedME))")
		f.after("(*moduleEngine).LookupFunction", "if tf.typeID != typeId", `
	if tf.indexInModule&hostFlag != 0 {
		return lookedUpHost(tf)
	}`)
	},
}

var snapshotEdit = edit{
	id: "e9snapshot",
	why: "a snapshot is run on after its first restore, so that a second one returns to whatever is left there; the interpreter " +
		"restores at the innermost call instead of the one that the snapshot was taken in",
	retire: "upstream snapshots that can be restored twice, and from deeper calls in the interpreter",
	apply: func(t *tree) {
		f := t.file(wazevo + "call_engine.go")
		// The next restore gets a stack of its own, which nothing has run on.
		f.after("(*snapshot).doRestore", "ec.savedRegisters = s.savedRegisters", `
	next := c.Snapshot().(*snapshot)
	s.sp, s.fp, s.top, s.stack = next.sp, next.fp, next.top, next.stack`)

		f = t.file("internal/engine/interpreter/interpreter.go")
		f.replaceBody("(*callEngine).Snapshot", `
	// The frame of the host function is on top; below it is that of the caller, which goes on after the call.
	frames := slices.Clone(ce.frames[:len(ce.frames)-1])
	return &snapshot{stack: slices.Clone(ce.stack), frames: frames, pc: frames[len(frames)-1].pc + 1, host: ce.frames[len(ce.frames)-1].f, ce: ce}`)
		f.addField("snapshot", "// host is the host function that took it.\nhost *function")
		f.replaceDecl("func (s *snapshot) canRestore", `// canRestore holds in the call that the snapshot was taken in: Go's own stack unwinds to it.
func (s *snapshot) canRestore(ce *callEngine, callerFrameCount int) bool {
	return s.ce == ce && callerFrameCount == len(s.frames) && ce.frames[callerFrameCount-1] == s.frames[callerFrameCount-1]
}`)
		f.replaceBody("(*snapshot).doRestore", `
	ce := s.ce
	ce.frames = append(ce.frames[:0], s.frames...)
	ce.frames[len(ce.frames)-1].pc = s.pc
	params, results := s.host.funcType.ParamNumInUint64, s.host.funcType.ResultNumInUint64
	top := len(s.stack) - max(params, results)
	ce.stack = append(append(ce.stack[:0], s.stack[:top]...), s.ret[:results]...)`)
	},
}

package e9snapshot

import "wazeroengine/edit"

// Edit is this edit.
var Edit = edit.Edit{
	ID: "e9snapshot",
	Why: "a snapshot is run on after its first restore, so that a second one returns to whatever is left there; the interpreter " +
		"restores at the innermost call instead of the one that the snapshot was taken in",
	Retire: "upstream snapshots that can be restored twice, and from deeper calls in the interpreter",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "call_engine.go")
		// The next restore gets a stack of its own, which nothing has run on.
		f.After("(*snapshot).doRestore", "ec.savedRegisters = s.savedRegisters", `
	next := c.Snapshot().(*snapshot)
	s.sp, s.fp, s.top, s.stack = next.sp, next.fp, next.top, next.stack`)

		f = t.File("internal/engine/interpreter/interpreter.go")
		f.ReplaceBody("(*callEngine).Snapshot", `
	// The frame of the host function is on top; below it is that of the caller, which goes on after the call.
	frames := slices.Clone(ce.frames[:len(ce.frames)-1])
	return &snapshot{stack: slices.Clone(ce.stack), frames: frames, pc: frames[len(frames)-1].pc + 1, host: ce.frames[len(ce.frames)-1].f, ce: ce}`)
		f.AddField("snapshot", "// host is the host function that took it.\nhost *function")
		f.ReplaceDecl("func (s *snapshot) canRestore", `// canRestore holds in the call that the snapshot was taken in: Go's own stack unwinds to it.
func (s *snapshot) canRestore(ce *callEngine, callerFrameCount int) bool {
	return s.ce == ce && callerFrameCount == len(s.frames) && ce.frames[callerFrameCount-1] == s.frames[callerFrameCount-1]
}`)
		f.ReplaceBody("(*snapshot).doRestore", `
	ce := s.ce
	ce.frames = append(ce.frames[:0], s.frames...)
	ce.frames[len(ce.frames)-1].pc = s.pc
	params, results := s.host.funcType.ParamNumInUint64, s.host.funcType.ResultNumInUint64
	top := len(s.stack) - max(params, results)
	ce.stack = append(append(ce.stack[:0], s.stack[:top]...), s.ret[:results]...)`)
	},
}

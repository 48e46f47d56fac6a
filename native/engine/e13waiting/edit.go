package e13waiting

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e13waiting",
	Why: "most programs never come to rest: they run from _start to their end, so that the state which is worth keeping is that of a guest " +
		"which waits in a host function; and the stack it waits on has addresses in places that nobody knows",
	Retire: "an upstream that copies a stack of native code to another instance",
	Apply: func(t *edit.Tree) {
		// The execution and the module context, which are all that lives across a call and is an address, have a place of their own in each frame.
		f := t.File(edit.Wazevo + "backend/regalloc/regalloc.go")
		f.AddField("Allocator", "// contexts are what has a place of its own in each frame, see contexts.go.\ncontexts [2]VRegID")
		f.AtStart("(*Allocator[I, B, F]).alloc", "a.findContexts(f)\na.checkAddresses(f)")
		f.AtStart("(*Allocator[I, B, F]).releaseCallerSavedRegs", "a.releaseContexts()")
		f.After("(*Allocator[I, B, F]).scheduleSpill", "v := vs.v", "if a.isContext(v.ID()) {\nreturn // the prologue has stored it\n}")
		t.File(edit.Wazevo+"backend/regalloc/loops.go").ReplaceExpr("(*Allocator[I, B, F]).dropUnusedInLoop",
			"a.regInfo.CallerSavedRegisters.has(r)", "(a.regInfo.CallerSavedRegisters.has(r) || a.isContext(vs.v.ID()))")

		onAmd64(t)
		onArm64(t)

		f = t.File(edit.Wazevo + "call_engine.go")
		f.AddField("callEngine", "// waiting is of a call that goes on where another one waited, see waiting.go.\nwaiting")
		f.ReplaceExpr("(*callEngine).requiredInitialStackSize", "paramResultInBytes + 32 + 16", "paramResultInBytes + 32 + 16 + entryContexts")
		const call = "(*callEngine).callWithStack"
		f.Before(call, "ctx = context.WithValue(ctx, expctxkeys.SnapshotterKey{}, c)", "c.nested = ctx.Value(expctxkeys.SnapshotterKey{}) != nil")
		f.Replace(call, "if c.execCtx.exitCode == wazevoapi.ExitCodeOK", `
	if c.execCtx.exitCode == wazevoapi.ExitCodeOK { // else it has been entered already, see direct.go
		entrypoint(c.preambleExecutable, c.executable, c.execCtxPtr, c.parent.opaquePtr, paramResultPtr, c.stackTop)
	} else if c.waiting.answered {
		c.waiting.answered = false
		c.execCtx.exitCode = wazevoapi.ExitCodeOK
		afterGoFunctionCallEntrypoint(c.execCtx.goCallReturnAddress, c.execCtxPtr,
			uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)), c.execCtx.framePointerBeforeGoCall)
	}`)
		f.Before(call, "if r != nil", "if r == nodehost.ErrParked {\nerr = nodehost.ErrParked // the guest is left where it is: nobody asks where\nc.execCtx.exitCode = wazevoapi.ExitCodeOK\nreturn\n}")
		f.AddImport("github.com/tetratelabs/wazero/internal/nodehost")
		editTests(t)

		t.File(edit.Wazevo+"direct.go").AtStart("(*callEngine).WithSnapshots", "c.nested = false // it is outermost")

		// Which functions may hold references, which are addresses, too.
		f = t.File(edit.Wazevo + "engine.go")
		f.AddField("compiledModule", "// references are the functions that may hold references, see waiting.go.\nreferences references")
		f.Before("(*engine).CompileModule", "if cm, err = e.addCompiledModule(module, cm); err != nil", "cm.references = referencesOf(module)")
		f = t.File(edit.Wazevo + "code.go")
		f.Replace("(*compiledModule).encodeData", "for _, offset := range cm.functionOffsets", `
	for i, offset := range cm.functionOffsets { // a multiple of 16
		b = le.AppendUint64(b, uint64(offset)|cm.references.bit(i))
	}`)
		f.Replace("(*compiledModule).decodeData", "for i := range cm.functionOffsets", `
	cm.references = newReferences(len(cm.functionOffsets))
	for i := range cm.functionOffsets {
		word := next()
		if word&1 != 0 {
			cm.references.add(i)
		}
		if cm.functionOffsets[i] = int(word &^ 1); uint(cm.functionOffsets[i]) >= uint(len(code)) {
			return errors.New("a function begins outside of the code")
		}
	}`)
		f = t.File("internal/wasm/module.go")
		f.AddField("Code", "\n// HasReferences is set by validation: a reference was once an operand.\nHasReferences bool")
		f = t.File("internal/wasm/func_validation.go")
		f.AddField("valueTypeStack", "// sawReference is set when a reference is pushed.\nsawReference bool")
		f.AtStart("(*valueTypeStack).push", "s.sawReference = s.sawReference || v != valueTypeUnknown && v.IsRef()")
		f.After("(*Module).validateFunctionWithMaxStackValues", "sts.reset(functionType)", "sts.vs.sawReference = false\ndefer func() { code.HasReferences = sts.vs.sawReference }()")
		t.File("internal/wasm/image.go").AddField("Image", "// Waiting is the call that waits in a host function, or nil; see waiting.go.\nWaiting *Waiting\n")

		f = t.File("runtime.go")
		f.Before("(*runtime).InstantiateModule", "_ = mod.Close(ctx)", "if errors.Is(err, nodehost.ErrParked) { // it is there, and stays where it is\nreturn mod, nil\n}")
		f.AddImport("github.com/tetratelabs/wazero/internal/nodehost")

		f.AddImport("errors")

		t.File("imports/wasi_snapshot_preview1/fs.go").ReplaceExpr("", "interruptible(fdReadFn)", "parking(interruptible(fdReadFn))")
	},
}

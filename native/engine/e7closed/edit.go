package e7closed

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7closed",
	Why: "calling a function of a closed instance runs its code (the error comes afterwards), from Go and from other " +
		"instances, in a memory that may be freed",
	Retire: "an upstream that refuses to enter a closed instance, also through imports, tables and references",
	Apply: func(t *edit.Tree) {
		t.File("internal/wasm/module_instance.go").Rename("(*ModuleInstance).setExitCode", "storeExitCode")

		f := t.File(edit.Wazevo + "call_engine.go")
		f.ReplaceExpr("(*callEngine).Call", "c.callWithStack", "c.callUnlessClosed")
		f.ReplaceExpr("(*callEngine).CallWithStack", "c.callWithStack", "c.callUnlessClosed")
		f.Before("(*callEngine).callWithStack", "case wazevoapi.ExitCodeUnreachable", `case wazevoapi.ExitCodeCalleeClosed:
			callee := wazevoapi.PtrFromUintptr[*wasm.ModuleInstance](c.execCtx.goFunctionCallCalleeModuleContextOpaque)
			panic((*callee).FailIfClosed())`)

		f = t.File(edit.Wazevo + "engine.go")
		f.AddField("sharedFunctions", "\n// calleeClosedAddress is the address of what is called in the place of a function of a closed module instance.\ncalleeClosedAddress *byte")
		const shared = "(*engine).compileSharedFunctions"
		f.Replace(shared, "var sizes [12]int", "var sizes [13]int")
		f.Before(shared, "fns := &sharedFunctions{ executable: mmapExecutable(trampolines), listenerTrampolines: make(listenerTrampolines), }", `
	e.be.Init()
	addTrampoline(12,
		e.machine.CompileGoFunctionTrampoline(wazevoapi.ExitCodeCalleeClosed, &ssa.Signature{
			// exec context, module context of the callee; the rest of the real signature does not matter, it never returns.
			Params: []ssa.Type{ssa.TypeI64, ssa.TypeI64},
		}, true))
`)
		f.After(shared, "fns.tryTableLeaveAddress = &fns.executable[offset]", "offset += sizes[11]\nfns.calleeClosedAddress = &fns.executable[offset]")

		f = t.File(edit.Wazevo + "module_engine.go")
		f.AddField("moduleEngine", "// gate closes the functions, see closed.go.\ngate gate")
		f.RemoveFields("moduleEngine", "localFunctionInstances")
		const resolve = "(*moduleEngine).ResolveImportedFunction"
		// LookupFunction reads the index of a reference, also of one to an imported function, which points here.
		f.ReplaceExpr(resolve, "uint64(typeID)", "uint64(typeID)|uint64(indexInImportedModule)<<32")
		f.After(resolve, "m.importedFunctions[index] = importedFunction{me: importedME, indexInModule: indexInImportedModule}",
			"importedME.importedBy(m, (**byte)(unsafe.Pointer(&m.opaque[executableOffset])))")
		f.ReplaceBody("(*moduleEngine).FunctionInstanceReference", `
	if funcIndex < m.module.Source.ImportFunctionCount {
		begin, _, _ := m.parent.offsets.ImportedFunctionOffset(funcIndex)
		return uintptr(unsafe.Pointer(&m.opaque[begin]))
	}
	return uintptr(unsafe.Pointer(m.functionReference(funcIndex)))`)

		// The tests read the type id, which has 32 bits, together with the index after it.
		f = t.File(edit.Wazevo + "module_engine_test.go")
		for _, suffix := range []string{"", "_recursive", "_multilevel"} {
			f.ReplaceExpr("TestModuleEngine_ResolveImportedFunction"+suffix, "binary.LittleEndian.Uint64(buf[16:])", "uint64(binary.LittleEndian.Uint32(buf[16:]))")
		}

		// These two want the code of closed instances to run; closed_module_test.go calls through tables after collections.
		f = t.File("internal/integration_test/engine/adhoc_test.go")
		for _, name := range []string{"testCloseTableExportingModule", "testCloseTableImportingModule"} {
			f.ReplaceBody(name, `t.Skip("see closed_module_test.go")`)
		}

		// This one exits the same module twice.
		f = t.File("imports/wasi_snapshot_preview1/proc_test.go")
		f.Replace("Test_procExit", "mod, r, log := requireProxyModule(t, wazero.NewModuleConfig())", "")
		f.Replace("Test_procExit", "defer r.Close(testCtx)", "")
		f.Replace("Test_procExit", "defer log.Reset()", "mod, r, log := requireProxyModule(t, wazero.NewModuleConfig())\ndefer r.Close(testCtx)")

		f = t.File("internal/engine/interpreter/interpreter.go")
		f.After("(*callEngine).call", "m := ce.f.moduleInstance", "if err := m.FailIfClosed(); err != nil {\nreturn nil, err\n}")
		f.AtStart("(*callEngine).callFunction", "f.failIfClosed(m)")
	},
}

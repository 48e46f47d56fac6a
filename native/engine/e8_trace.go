package main

var traceEdit = edit{
	id: "e8trace",
	why: "names and DWARF are the guest's: 437 KB of abbreviations took 3.8 GB while the module was decoded, and Go could not go on; one trap read " +
		"4 MB of entries 30 times, with the slot held, and under a lock that all instances share; 216 KB of inlined routines made a message longer than a " +
		"string of V8 can be; a file number of 0 made the trace itself panic; what a runtime error of Go's said had its stack, with addresses",
	retire: "a reader of DWARF that reads no more than it needs, and traces with a limit",
	apply: func(t *tree) {
		t.file("internal/wasmdebug/dwarf.go").set([]byte("package wasmdebug\n\n// What was here is in dwarf_lines.go and the files beside it.\n"))

		f := t.file("internal/wasmdebug/debug.go")
		f.replaceBody("FuncName", "if funcName == \"\" {\nfuncName = \"$\" + strconv.Itoa(int(funcIdx))\n}\nreturn Shown(moduleName) + \".\" + Shown(funcName)")
		f.rename("signature", "fullSignature")
		f.replaceDecl("type stackTrace struct", "")
		f.replaceDecl("func (s *stackTrace) FromRecovered", "")
		f.replaceDecl("func (s *stackTrace) AddFrame", "")
		f.replaceText("\tAddFrame(funcName string, paramTypes, resultTypes []api.ValueType, sources []string)\n\n",
			"\tAddFrame(funcName string, paramTypes, resultTypes []api.ValueType, sources []string)\n\n"+
				"\t// Locate says where the sources of the last frame are found, when they are asked for.\n\tLocate(lines *DWARFLines, offset uint64)\n\n")
		f.removeImports("fmt", "runtime", "runtime/debug", "github.com/tetratelabs/wazero/internal/wasmruntime", "github.com/tetratelabs/wazero/sys")

		// The test of what is said of a runtime error: its stack is with the error, not in its text.
		f = t.file("internal/wasmdebug/debug_test.go")
		f.replaceText("\trequire.Contains(t, errStr, \"Go runtime stack trace:\")\n\trequire.Contains(t, errStr, \"goroutine \")\n\trequire.Contains(t, errStr, \"/internal/wasmdebug/debug_test.go\")\n",
			"\trequire.False(t, strings.Contains(errStr, \"goroutine\"))\n\trequire.Contains(t, string(withStackTrace.(*TraceError).GoStack()), \"debug_test.go\")\n")
		f.addImport("strings")
		f.replaceText("builder.frameCount)", "len(builder.frames))")
		f.replaceText("\trequire.Equal(t, MaxFrames*3 /* frame + two inlined sources */ +1, len(builder.lines))\n"+
			"\trequire.Equal(t, \"... maybe followed by omitted frames\", builder.lines[len(builder.lines)-1])\n",
			"\ttext := builder.FromRecovered(wasmruntime.ErrRuntimeUnreachable).Error()\n"+
				"\trequire.Equal(t, MaxFrames*3 /* frame + two inlined sources */ +1, strings.Count(text, \"\\n\\t\"))\n"+
				"\trequire.Equal(t, true, strings.HasSuffix(text, \"\\n\\t... maybe followed by omitted frames\"))\n")

		f = t.file("internal/wasm/binary/decoder.go")
		f.replace("DecodeModule", "d, _ := dwarf.New(abbrev, nil, nil, info, line, nil, ranges, str)", "")
		f.replaceExpr("DecodeModule", "wasmdebug.NewDWARFLines(d)", "wasmdebug.NewDWARFLines(abbrev, info, line, ranges, str)")
		f.removeImports("debug/dwarf")

		f = t.file("runtime.go")
		f.addImport("github.com/tetratelabs/wazero/internal/wasmdebug")
		f.replaceExpr("(*runtime).InstantiateModule", "fmt.Errorf(\"module[%s] function[%s] failed: %w\", name, fn, err)",
			"wasmdebug.Failed(fmt.Sprintf(\"module[%s] function[%s]\", wasmdebug.Shown(name), wasmdebug.Shown(fn)), err)")
		f = t.file("internal/wasm/store.go")
		f.addImport("github.com/tetratelabs/wazero/internal/wasmdebug")
		f.replaceExpr("(*Store).instantiate", "fmt.Errorf(\"start %s failed: %w\", module.funcDesc(SectionIDFunction, funcIdx), err)",
			"wasmdebug.Failed(\"start \"+module.funcDesc(SectionIDFunction, funcIdx), err)")

		const add = "builder.AddFrame(def.DebugName(), def.ParamTypes(), def.ResultTypes(), sources)"
		const added = "builder.AddFrame(def.DebugName(), def.ParamTypes(), def.ResultTypes(), nil)\n"
		f = t.file(wazevo + "call_engine.go")
		f.replace("(*callEngine).addFrame", "var sources []string", "")
		f.replace("(*callEngine).addFrame", "if dw := cm.module.DWARFLines; dw != nil", "")
		f.replace("(*callEngine).addFrame", add, added+"if dw := cm.module.DWARFLines; dw != nil {\nbuilder.Locate(dw, cm.getSourceOffset(addr))\n}")

		f = t.file("internal/engine/interpreter/interpreter.go")
		const inInterpreter = "(*callEngine).recoverOnCall"
		f.replace(inInterpreter, "var sources []string", "")
		f.replace(inInterpreter, "if parent := frame.f.parent; parent.body != nil && len(parent.offsetsInWasmBinary) > 0", "")
		f.replace(inInterpreter, add, added+"if parent := frame.f.parent; parent.body != nil && len(parent.offsetsInWasmBinary) > 0 {\n"+
			"builder.Locate(parent.source.DWARFLines, parent.offsetsInWasmBinary[frame.pc])\n}")
	},
}

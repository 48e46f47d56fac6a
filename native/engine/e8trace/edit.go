package e8trace

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e8trace",
	Why: "names and DWARF are the guest's: 437 KB of abbreviations took 3.8 GB while the module was decoded, and Go could not go on; one trap read " +
		"4 MB of entries 30 times, with the slot held, and under a lock that all instances share; 216 KB of inlined routines made a message longer than a " +
		"string of V8 can be; a file number of 0 made the trace itself panic; what a runtime error of Go's said had its stack, with addresses",
	Retire: "a reader of DWARF that reads no more than it needs, and traces with a limit",
	Apply: func(t *edit.Tree) {
		t.File("internal/wasmdebug/dwarf.go").Set([]byte("package wasmdebug\n\n// What was here is in dwarf_lines.go and the files beside it.\n"))

		f := t.File("internal/wasmdebug/debug.go")
		f.ReplaceBody("FuncName", "if funcName == \"\" {\nfuncName = \"$\" + strconv.Itoa(int(funcIdx))\n}\nreturn Shown(moduleName) + \".\" + Shown(funcName)")
		f.Rename("signature", "fullSignature")
		f.ReplaceDecl("type stackTrace struct", "")
		f.ReplaceDecl("func (s *stackTrace) FromRecovered", "")
		f.ReplaceDecl("func (s *stackTrace) AddFrame", "")
		f.ReplaceText("\tAddFrame(funcName string, paramTypes, resultTypes []api.ValueType, sources []string)\n\n",
			"\tAddFrame(funcName string, paramTypes, resultTypes []api.ValueType, sources []string)\n\n"+
				"\t// Locate says where the sources of the last frame are found, when they are asked for.\n\tLocate(lines *DWARFLines, offset uint64)\n\n")
		f.RemoveImports("fmt", "runtime", "runtime/debug", "github.com/tetratelabs/wazero/internal/wasmruntime", "github.com/tetratelabs/wazero/sys")

		// The test of what is said of a runtime error: its stack is with the error, not in its text.
		f = t.File("internal/wasmdebug/debug_test.go")
		f.ReplaceText("\trequire.Contains(t, errStr, \"Go runtime stack trace:\")\n\trequire.Contains(t, errStr, \"goroutine \")\n\trequire.Contains(t, errStr, \"/internal/wasmdebug/debug_test.go\")\n",
			"\trequire.False(t, strings.Contains(errStr, \"goroutine\"))\n\trequire.Contains(t, string(withStackTrace.(*TraceError).GoStack()), \"debug_test.go\")\n")
		f.AddImport("strings")
		f.ReplaceText("builder.frameCount)", "len(builder.frames))")
		f.ReplaceText("\trequire.Equal(t, MaxFrames*3 /* frame + two inlined sources */ +1, len(builder.lines))\n"+
			"\trequire.Equal(t, \"... maybe followed by omitted frames\", builder.lines[len(builder.lines)-1])\n",
			"\ttext := builder.FromRecovered(wasmruntime.ErrRuntimeUnreachable).Error()\n"+
				"\trequire.Equal(t, MaxFrames*3 /* frame + two inlined sources */ +1, strings.Count(text, \"\\n\\t\"))\n"+
				"\trequire.Equal(t, true, strings.HasSuffix(text, \"\\n\\t... maybe followed by omitted frames\"))\n")

		f = t.File("internal/wasm/binary/decoder.go")
		f.Replace("DecodeModule", "d, _ := dwarf.New(abbrev, nil, nil, info, line, nil, ranges, str)", "")
		f.ReplaceExpr("DecodeModule", "wasmdebug.NewDWARFLines(d)", "wasmdebug.NewDWARFLines(abbrev, info, line, ranges, str)")
		f.RemoveImports("debug/dwarf")

		f = t.File("runtime.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/wasmdebug")
		f.ReplaceExpr("(*runtime).InstantiateModule", "fmt.Errorf(\"module[%s] function[%s] failed: %w\", name, fn, err)",
			"wasmdebug.Failed(fmt.Sprintf(\"module[%s] function[%s]\", wasmdebug.Shown(name), wasmdebug.Shown(fn)), err)")
		f = t.File("internal/wasm/store.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/wasmdebug")
		f.ReplaceExpr("(*Store).instantiate", "fmt.Errorf(\"start %s failed: %w\", module.funcDesc(SectionIDFunction, funcIdx), err)",
			"wasmdebug.Failed(\"start \"+module.funcDesc(SectionIDFunction, funcIdx), err)")

		const add = "builder.AddFrame(def.DebugName(), def.ParamTypes(), def.ResultTypes(), sources)"
		const added = "builder.AddFrame(def.DebugName(), def.ParamTypes(), def.ResultTypes(), nil)\n"
		f = t.File(edit.Wazevo + "call_engine.go")
		f.Replace("(*callEngine).addFrame", "var sources []string", "")
		f.Replace("(*callEngine).addFrame", "if dw := cm.module.DWARFLines; dw != nil", "")
		f.Replace("(*callEngine).addFrame", add, added+"if dw := cm.module.DWARFLines; dw != nil {\nbuilder.Locate(dw, cm.getSourceOffset(addr))\n}")

		f = t.File("internal/engine/interpreter/interpreter.go")
		const inInterpreter = "(*callEngine).recoverOnCall"
		f.Replace(inInterpreter, "var sources []string", "")
		f.Replace(inInterpreter, "if parent := frame.f.parent; parent.body != nil && len(parent.offsetsInWasmBinary) > 0", "")
		f.Replace(inInterpreter, add, added+"if parent := frame.f.parent; parent.body != nil && len(parent.offsetsInWasmBinary) > 0 {\n"+
			"builder.Locate(parent.source.DWARFLines, parent.offsetsInWasmBinary[frame.pc])\n}")
	},
}

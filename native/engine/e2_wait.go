package main

var waitEdit = edit{
	id:     "e2w",
	why:    "memory.atomic.wait blocks for as long as it likes, no deadline and no close reaches it; each address keeps its list",
	retire: "as e2",
	apply: func(t *tree) {
		f := t.file("internal/wasm/memory.go")
		f.addField("waiters", "// gone tells that the memory has forgotten these, see memory_wait.go.\ngone bool")
		f.replaceDecl("func (m *MemoryInstance) wait", "")
		for _, wait := range []string{"Wait32", "Wait64"} {
			f.replaceBody("(*MemoryInstance)."+wait, "return m.Controlled(nil)."+wait+"(offset, exp, timeout, reader)")
		}
		f.removeImports("time", "github.com/tetratelabs/wazero/internal/wasmruntime")
		for fn, at := range map[string]string{
			wazevo + "call_engine.go":                    "(*callEngine).callWithStack",
			"internal/engine/interpreter/interpreter.go": "(*callEngine).callNativeFunc",
		} {
			memory, control := "mem", "c.control"
			if at == "(*callEngine).callNativeFunc" {
				memory, control = "memoryInst", "ce.polling.control"
			}
			for _, wait := range []string{"Wait32", "Wait64"} {
				t.file(fn).replaceExpr(at, memory+"."+wait, memory+".Controlled("+control+")."+wait)
			}
		}
	},
}

package e2wait

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e2w",
	Why:    "memory.atomic.wait blocks for as long as it likes, no deadline and no close reaches it; each address keeps its list",
	Retire: "as e2",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/memory.go")
		f.AddField("waiters", "// gone tells that the memory has forgotten these, see memory_wait.go.\ngone bool")
		f.ReplaceDecl("func (m *MemoryInstance) wait", "")
		for _, wait := range []string{"Wait32", "Wait64"} {
			f.ReplaceBody("(*MemoryInstance)."+wait, "return m.Controlled(nil)."+wait+"(offset, exp, timeout, reader)")
		}
		f.RemoveImports("time", "github.com/tetratelabs/wazero/internal/wasmruntime")
		for fn, at := range map[string]string{
			edit.Wazevo + "call_engine.go":               "(*callEngine).callWithStack",
			"internal/engine/interpreter/interpreter.go": "(*callEngine).callNativeFunc",
		} {
			memory, control := "mem", "c.control"
			if at == "(*callEngine).callNativeFunc" {
				memory, control = "memoryInst", "ce.polling.control"
			}
			for _, wait := range []string{"Wait32", "Wait64"} {
				t.File(fn).ReplaceExpr(at, memory+"."+wait, memory+".Controlled("+control+")."+wait)
			}
		}
	},
}

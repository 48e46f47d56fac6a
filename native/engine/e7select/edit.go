package e7select

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7select",
	Why: "both compilers skip one byte of the type of a select with a type, which may have six, and run the rest, bytes of the guest's choice, " +
		"as instructions that nothing has validated; the validator compares the operands with each other, not with that type; and the " +
		"interpreter's compiler refuses a misc opcode in more bytes than it needs, which the validator and the other compiler read",
	Retire: "an upstream that reads an instruction in one place",
	Apply: func(t *edit.Tree) {
		const validate = "(*Module).validateFunctionWithMaxStackValues"
		f := t.File("internal/wasm/func_validation.go")
		f.Inside(validate, "if op == OpcodeSelect || op == OpcodeTypedSelect", `
			if op == OpcodeTypedSelect {
				size, err := m.validateTypedSelect(valueTypeStack, enabledFeatures, body[pc+1:])
				if err != nil {
					return err
				}
				pc += size
				continue
			}`)

		const lower = "(*Compiler).lowerCurrentOpcode"
		f = t.File(edit.Wazevo + "frontend/lower.go")
		f.Replace(lower, "if op == wasm.OpcodeTypedSelect",
			"if op == wasm.OpcodeTypedSelect {\nstate.pc += wasm.SelectTypeSize(c.wasmFunctionBody[state.pc+1:])\n}")

		f = t.File("internal/engine/interpreter/compiler.go")
		f.ReplaceText("\t\t// Skips two bytes: vector size fixed to 1, and the value type for select.\n\t\tc.pc += 2",
			"\t\tc.pc += uint64(wasm.SelectTypeSize(c.body[c.pc+1:]))")
		t.File("internal/engine/interpreter/signature.go").ReplaceText("switch miscOp := c.body[c.pc+1]; miscOp {", "switch miscOp := wasm.MiscOpcode(c.body[c.pc+1:]); miscOp {")
	},
}

package e15tables

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e15tables",
	Why: "the index of a jump through a table is compared with the table's length also where it cannot reach it, as x & 7 in a table of eight: " +
		"three instructions that each jump waits for",
	Retire: "an upstream that knows how large an index may be",
	Apply: func(t *edit.Tree) {
		const fn = "(*machine).lowerBrTable"
		f := t.File(edit.Amd64 + "machine.go")
		f.Replace(fn, "_v := m.getOperand_Reg(m.c.ValueDefinition(index))", "v, bounded := m.tableIndex(index, targets)")
		f.Replace(fn, "v := m.copyToTmp(_v.reg())", "")
		for _, s := range []string{"m.lowerIconst(maxIndex, uint64(targetCount-1), false)", "m.insert(cmp)", "m.insert(cmov)"} {
			f.Replace(fn, s, "if !bounded {\n"+s+"\n}")
		}

		f = t.File(edit.Arm64 + "lower_instr.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/engine/wazevo/backend")
		f.After(fn, "targetBlockCount := len(targetBlockIDs.View())", "bounded := backend.BoundedBy(m.compiler, index, targetBlockCount)")
		for _, s := range []string{"m.lowerConstantI32(maxIndexReg, int32(targetBlockCount-1))", "m.insert(subs)"} {
			f.Replace(fn, s, "if !bounded {\n"+s+"\n}")
		}
		const csel = "csel.asCSel(adjustedIndex, operandNR(maxIndexReg), indexOperand, hs, false)"
		f.Replace(fn, csel, "if bounded {\ncsel.asMove32(adjustedIndex, indexOperand.nr()) // a register that the sequence may change\n} else {\n"+csel+"\n}")
	},
}

package e15slots

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e15slots",
	Why: "spill slots stand side by side in the order in which they were needed, so behind one of four bytes all others are askew: " +
		"many lie across two lines of the cache, where a load has to wait for the store before it",
	Retire: "an upstream that aligns spill slots",
	Apply: func(t *edit.Tree) {
		for _, isa := range []string{edit.Amd64, edit.Arm64} {
			t.File(isa+"machine.go").Before("(*machine).getVRegSpillSlotOffsetFromSP", "offset = m.spillSlotSize",
				"m.spillSlotSize = (m.spillSlotSize + int64(size) - 1) &^ (int64(size) - 1) // a power of two")
		}
		f := t.File(edit.Arm64 + "machine_test.go")
		f.ReplaceText("require.Equal(t, int64(16+8), offset)", "require.Equal(t, int64(16+16), offset)")
		f.ReplaceText("require.Equal(t, int64(24), m.spillSlotSize)", "require.Equal(t, int64(32), m.spillSlotSize)")
		f = t.File(edit.Amd64 + "machine_regalloc_test.go") // the vector there is behind 8 bytes
		f.ReplaceText("movdqu 24(%rsp), %xmm1", "movdqu 32(%rsp), %xmm1")
		f.ReplaceText("movdqu 168(%rsp), %xmm1", "movdqu 176(%rsp), %xmm1")
		f = t.File(edit.Arm64 + "machine_regalloc_test.go") // the first slot there is behind 0xffff bytes
		f.ReplaceTexts(2, "#0xf, lsl 0", "#0x10, lsl 0")
		f.ReplaceTexts(2, "#0x17, lsl 0", "#0x18, lsl 0")
	},
}

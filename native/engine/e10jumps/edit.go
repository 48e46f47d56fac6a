package e10jumps

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. What the allocator of registers leaves of a block is known after it only: most of the blocks that stand for a split edge
// hold no more than a jump, or nothing.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10jumps",
	Why: "a split edge that needs no moves stays a block of one jump, so that jumps go to jumps; and a branch stands in front of the jump " +
		"over what it branches to",
	Retire: "an upstream that has a pass over jumps behind the allocation of registers",
	Apply: func(t *edit.Tree) {
		const field = "// forward is where this block goes on, if all that it does is to go on there, see jumps.go.\nforward *labelPosition"

		const amd64 = edit.Wazevo + "backend/isa/amd64/"
		f := t.File(amd64 + "machine_pro_epi_logue.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/engine/wazevo/backend/jumps")
		f.After("(*machine).PostRegAlloc", "m.postRegAlloc()", "m.forwards = jumps.Thread(m, m.forwards[:0])")
		f = t.File(amd64 + "machine.go")
		f.AddField("labelPosition", field)
		f.AddField("machine", "// forwards are the blocks that have a forward.\nforwards []*labelPosition")
		f.Before("(*machine).Encode", "buf := *bufPtr", "m.settleForwards()")
		f.AtStart("(*machine).Reset", "m.forwards = m.forwards[:0]")

		const arm64 = edit.Wazevo + "backend/isa/arm64/"
		f = t.File(arm64 + "machine_pro_epi_logue.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/engine/wazevo/backend/jumps")
		f.After("(*machine).PostRegAlloc", "m.postRegAlloc()", "m.forwards = jumps.Thread(m, m.forwards[:0])")
		f = t.File(arm64 + "machine.go")
		f.AddField("labelPosition", field+"\n// behind is the block that this one falls into, see jumps.go.\nbehind *labelPosition")
		f.AddField("machine", "// forwards are the blocks that have a forward.\nforwards []*labelPosition")
		f.ReplaceExpr("(*machine).resolveRelativeAddresses", "ssaBlockLabel(m.orderedSSABlockLabelPos[i+1].sb)", "m.labelBehind(i)")
		f.AtStart("(*machine).Reset", "m.forwards = m.forwards[:0]")
		f.Before("(*machine).resolveRelativeAddresses", "if m.coldExitsBecomeFar(offset)", "m.settleForwards()")
	},
}

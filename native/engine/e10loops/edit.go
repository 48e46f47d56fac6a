package e10loops

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10loops",
	Why: "values that a block passes to a loop are taken for never used again once they are defined, so the next of them gets the register of the one before: " +
		"all that a loop carries is on the stack; and a loop begins with whatever was in registers before it, and keeps it there to the end",
	Retire: "an upstream that has these lines",
	Apply: func(t *edit.Tree) {

		f := t.File(edit.Wazevo + "backend/regalloc/regalloc.go")
		f.Before("(*Allocator[I, B, F]).allocBlock", "if succState.startFromPredIndex > -1", `
	if succState.startFromPredIndex < 0 {
		for _, p := range f.BlockParams(succ, &a.vs) {
			s.getVRegState(p.ID()).lastUse = programCounterLiveOut - 1 // of no instruction here; and let others live on rather than these
		}
	}`)

		f.AddField("blockState", "// index is the place of the block in the order of allocation, see loops.go.\nindex int\n// inLoop is the loop that the block was last found to be in.\ninLoop int")
		f.AddField("vrState", "// usedIn is the loop that was last seen to use the value, see loops.go.\nusedIn int")
		f.AddField("Allocator", "\n// See loops.go.\nloop, looks int\nbody []B")
		f.Before("resetVrState", "vs.isPhi = false", "vs.usedIn = 0")
		f.AtStart("(*Allocator[I, B, F]).alloc", "a.numberBlocks(f)")
		f.Before("(*Allocator[I, B, F]).finalizeStartReg", "s.regsInUse.range_(func(allocated RealReg, v *vrState[I, B, F]) { currentBlkState.startRegs.add(allocated, v) })", "a.dropUnusedInLoop(f, blk)")
	},
}

package e8bulk

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e8bulk",
	Why: "one instruction, or one call of WASI, that moves gigabytes: no deadline ends it, and the interpreter's cannot be preempted, so that " +
		"all of Go waits for it, the JS thread too; and neither counts of buffers and subscriptions nor lengths of paths have an end but that of memory",
	Retire: "an upstream that does such work in pieces, and bounds what its WASI is asked at once",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/engine/interpreter/interpreter.go")
		const native = "(*callEngine).callNativeFunc"
		f.Replace(native, "copy(memoryInst.Buffer[inMemoryOffset:inMemoryOffset+copySize], dataInstance[inDataOffset:])",
			"ce.copyInPieces(frame.f, memoryInst.Buffer[inMemoryOffset:inMemoryOffset+copySize], dataInstance[inDataOffset:inDataOffset+copySize])")
		f.Replace(native, `copy(memoryInst.Buffer[destinationOffset:],
			memoryInst.Buffer[sourceOffset:sourceOffset+copySize])`,
			"ce.copyInPieces(frame.f, memoryInst.Buffer[destinationOffset:destinationOffset+copySize], memoryInst.Buffer[sourceOffset:sourceOffset+copySize])")
		f.Replace(native, "if value == 0", "ce.fillInPieces(frame.f, buf, value)")

		f.Replace(native, "copy(table.References[inTableOffset:inTableOffset+copySize], elementInstance[inElementOffset:])",
			"ce.copyReferences(frame.f, table.References[inTableOffset:inTableOffset+copySize], elementInstance[inElementOffset:inElementOffset+copySize])")
		f.Replace(native, "copy(dstTable[destinationOffset:], srcTable[sourceOffset:sourceOffset+copySize])",
			"ce.copyReferences(frame.f, dstTable[destinationOffset:destinationOffset+copySize], srcTable[sourceOffset:sourceOffset+copySize])")
		f.Replace(native, "for i := 1; i < len(targetRegion); i *= 2", "ce.fillReferences(frame.f, targetRegion, ref)")

		// Compiled: see _add/internal/engine/wazevo/frontend/bulk.go.
		f = t.File(edit.Wazevo + "frontend/lower.go")
		f.Rename("(*Compiler).callMemmove", "memmoveAtOnce")
		f.Before("(*Compiler).lowerCurrentOpcode", "mask := builder.AllocateInstruction().AsIconst64(8191).Insert(builder).Return()", "c.pollInBulk()")
		const count = "count := builder.AllocateInstruction().AsSelect(newLoopVarLessThanFillSize, chunk, diff).Insert(builder).Return()\n\n\t\t\t"
		f.ReplaceText(count+"c.callMemmove(dstAddr, addr, count)", count+"c.memmoveAtOnce(dstAddr, addr, count)")

		const wasi = "imports/wasi_snapshot_preview1/"
		f = t.File(wasi + "fs.go")
		for _, fn := range []string{"readv", "writev"} {
			f.Before(fn, "for iovsPos := uint32(0); iovsPos < iovsStop; iovsPos += 8", "if iovsCount > maxBuffers {\nreturn 0, experimentalsys.EINVAL\n}")
		}
		f.After("readv", "l := le.Uint32(iovsBuf[iovsPos+4:])", "l = min(l, maxTransfer-nread)")
		f.After("writev", "l := le.Uint32(iovsBuf[iovsPos+4:])", "l = min(l, maxTransfer-nwritten)")
		f.Before("atPath", "pathName := string(b)", "if pathLen > maxPath {\nreturn nil, \"\", experimentalsys.ENAMETOOLONG\n}")
		f.Before("pathSymlinkFn", "_, newPathName, errno := atPath(fsc, mod.Memory(), fd, newPath, newPathLen)", "if oldPathLen > maxPath {\nreturn experimentalsys.ENAMETOOLONG\n}")
		poll := t.File(wasi + "poll_ready.go")
		poll.ReplaceExpr("pollReady", "count > math.MaxUint32/subscriptionBytes", "count > maxSubscriptions")
		t.File("imports/assemblyscript/assemblyscript.go").ReplaceExpr("readAssemblyScriptString", "byteCount%2 != 0",
			"byteCount%2 != 0 || byteCount > 1<<20 /* the host copies it three times */")
	},
}

package main

var bulkEdit = edit{
	id: "e8bulk",
	why: "one instruction, or one call of WASI, that moves gigabytes: no deadline ends it, and the interpreter's cannot be preempted, so that " +
		"all of Go waits for it, the JS thread too; and neither counts of buffers and subscriptions nor lengths of paths have an end but that of memory",
	retire: "an upstream that does such work in pieces, and bounds what its WASI is asked at once",
	apply: func(t *tree) {
		f := t.file("internal/engine/interpreter/interpreter.go")
		const native = "(*callEngine).callNativeFunc"
		f.replace(native, "copy(memoryInst.Buffer[inMemoryOffset:inMemoryOffset+copySize], dataInstance[inDataOffset:])",
			"ce.copyInPieces(frame.f, memoryInst.Buffer[inMemoryOffset:inMemoryOffset+copySize], dataInstance[inDataOffset:inDataOffset+copySize])")
		f.replace(native, `copy(memoryInst.Buffer[destinationOffset:],
			memoryInst.Buffer[sourceOffset:sourceOffset+copySize])`,
			"ce.copyInPieces(frame.f, memoryInst.Buffer[destinationOffset:destinationOffset+copySize], memoryInst.Buffer[sourceOffset:sourceOffset+copySize])")
		f.replace(native, "if value == 0", "ce.fillInPieces(frame.f, buf, value)")

		f.replace(native, "copy(table.References[inTableOffset:inTableOffset+copySize], elementInstance[inElementOffset:])",
			"ce.copyReferences(frame.f, table.References[inTableOffset:inTableOffset+copySize], elementInstance[inElementOffset:inElementOffset+copySize])")
		f.replace(native, "copy(dstTable[destinationOffset:], srcTable[sourceOffset:sourceOffset+copySize])",
			"ce.copyReferences(frame.f, dstTable[destinationOffset:destinationOffset+copySize], srcTable[sourceOffset:sourceOffset+copySize])")
		f.replace(native, "for i := 1; i < len(targetRegion); i *= 2", "ce.fillReferences(frame.f, targetRegion, ref)")

		// Compiled: see _add/e8bulk/internal/engine/wazevo/frontend/bulk.go.
		f = t.file(wazevo + "frontend/lower.go")
		f.rename("(*Compiler).callMemmove", "memmoveAtOnce")
		f.before("(*Compiler).lowerCurrentOpcode", "mask := builder.AllocateInstruction().AsIconst64(8191).Insert(builder).Return()", "c.pollInBulk()")
		const count = "count := builder.AllocateInstruction().AsSelect(newLoopVarLessThanFillSize, chunk, diff).Insert(builder).Return()\n\n\t\t\t"
		f.replaceText(count+"c.callMemmove(dstAddr, addr, count)", count+"c.memmoveAtOnce(dstAddr, addr, count)")

		const wasi = "imports/wasi_snapshot_preview1/"
		f = t.file(wasi + "fs.go")
		for _, fn := range []string{"readv", "writev"} {
			f.before(fn, "for iovsPos := uint32(0); iovsPos < iovsStop; iovsPos += 8", "if iovsCount > maxBuffers {\nreturn 0, experimentalsys.EINVAL\n}")
		}
		f.after("readv", "l := le.Uint32(iovsBuf[iovsPos+4:])", "l = min(l, maxTransfer-nread)")
		f.after("writev", "l := le.Uint32(iovsBuf[iovsPos+4:])", "l = min(l, maxTransfer-nwritten)")
		f.before("atPath", "pathName := string(b)", "if pathLen > maxPath {\nreturn nil, \"\", experimentalsys.ENAMETOOLONG\n}")
		f.before("pathSymlinkFn", "_, newPathName, errno := atPath(fsc, mod.Memory(), fd, newPath, newPathLen)", "if oldPathLen > maxPath {\nreturn experimentalsys.ENAMETOOLONG\n}")
		poll := t.file(wasi + "poll_ready.go")
		poll.replaceExpr("pollReady", "count > math.MaxUint32/subscriptionBytes", "count > maxSubscriptions")
		t.file("imports/assemblyscript/assemblyscript.go").replaceExpr("readAssemblyScriptString", "byteCount%2 != 0",
			"byteCount%2 != 0 || byteCount > 1<<20 /* the host copies it three times */")
	},
}

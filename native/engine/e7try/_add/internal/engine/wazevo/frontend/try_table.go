package frontend

import (
	"slices"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/leb128"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// A catch clause continues with the frame as it was when its try_table was entered, but with the locals as they are
// when the exception is thrown. So the locals that are set inside of a try_table also live in memory: in an area that
// the try_table handler of the outermost try_table of the function owns. They are stored there on entry to that one and
// whenever they are set, and a catch clause loads those that its own try_table sets.

// tryLocals is that area, for the function being lowered.
type tryLocals struct {
	depth   int // of try_tables with catch clauses
	area    ssa.Value
	offsets map[wasm.Index]uint32
	// set are the locals set inside of each try_table in the outermost one, by where the body begins.
	set map[int][]wasm.Index
}

func (c *Compiler) lowerTryTable() {
	state, builder := c.state(), c.ssaBuilder
	blockType := c.readBlockType()
	if state.unreachable {
		state.unreachableDepth++
		c.skipTryTableCatchClauses()
		return
	}
	clauses := c.readCatchClauses()
	frame := controlFrame{
		kind:                         controlFrameKindBlock, // all it is without clauses: there is nothing to leave
		originalStackLenWithoutParam: len(state.values) - len(blockType.Params),
		followingBlock:               builder.AllocateBasicBlock(),
		blockType:                    blockType,
	}
	c.addBlockParamsFromWasmTypes(blockType.Results, frame.followingBlock)
	if len(clauses) > 0 {
		frame.kind = controlFrameKindTryTable
		c.enterTryTable(clauses)
	}
	state.ctrlPush(frame)
}

func (c *Compiler) readCatchClauses() (clauses []catchClause) {
	clauses = make([]catchClause, c.readI32u())
	for i := range clauses {
		clause := &clauses[i]
		if clause.kind = c.readByte(); clause.kind == wasm.CatchKindCatch || clause.kind == wasm.CatchKindCatchRef {
			clause.tagIndex = c.readI32u()
		}
		clause.labelIdx = c.readI32u()
	}
	return
}

// enterTryTable leaves the compiler in the block where the body begins. Labels of clauses do not count the try_table
// itself, so its control frame must not be there yet.
func (c *Compiler) enterTryTable(clauses []catchClause) {
	builder, locals := c.ssaBuilder, &c.tryLocals
	instances := make([]wazevoapi.CatchClauseInstance, len(clauses))
	for i := range clauses {
		instances[i] = wazevoapi.CatchClauseInstance{Kind: clauses[i].kind, TagIndex: clauses[i].tagIndex}
	}
	id := c.catchClauseTable.Append(instances)

	begin, size := c.loweringState.pc+1, uint32(0)
	outermost := locals.depth == 0
	locals.depth++
	if outermost {
		locals.set = localsSetInTryTables(c.wasmFunctionBody, begin)
		size = c.layOutTryLocals(locals.set[begin])
	}

	// The handler remembers this point. It is passed again when the handler catches something, with the index of the
	// clause instead of -1; what the call returns is the area both times.
	c.storeCallerModuleContext()
	enter := builder.AllocateInstruction().
		AsLoad(c.execCtxPtrValue, wazevoapi.ExecutionContextOffsetTryTableEnterTrampolineAddress.U32(), ssa.TypeI64).
		Insert(builder).Return()
	code := uint64(wazevoapi.ExitCodeTryTableEnter|wazevoapi.ExitCode(id<<8)) | uint64(size)<<32
	arg := builder.AllocateInstruction().AsIconst64(code).Insert(builder).Return()
	area := builder.AllocateInstruction().
		AsCallIndirect(enter, &c.tryTableEnterSig, c.allocateVarLengthValues(2, c.execCtxPtrValue, arg)).
		Insert(builder).Return()
	if outermost {
		locals.area = area
	}
	clauseIndex := builder.AllocateInstruction().
		AsLoad(c.execCtxPtrValue, wazevoapi.ExecutionContextOffsetCaughtExceptionClauseIdx.U32(), ssa.TypeI64).
		Insert(builder).Return()
	entry := builder.CurrentBlock()

	pool := builder.VarLengthPool()
	targets := pool.Allocate(len(clauses) + 1)
	for i := range clauses {
		blk := builder.AllocateBasicBlock()
		builder.SetCurrentBlock(blk)
		c.lowerCatch(&clauses[i], locals.set[begin])
		targets = targets.Append(pool, ssa.Value(blk.ID()))
	}
	body := builder.AllocateBasicBlock()
	targets = targets.Append(pool, ssa.Value(body.ID())) // the default, for -1

	builder.SetCurrentBlock(entry)
	dispatch := builder.AllocateInstruction()
	dispatch.AsBrTable(clauseIndex, targets)
	builder.InsertInstruction(dispatch)
	for _, id := range targets.View() {
		builder.Seal(builder.BasicBlock(ssa.BasicBlockID(id)))
	}

	builder.SetCurrentBlock(body)
	c.reloadAfterCall()
	if outermost {
		for _, local := range locals.set[begin] {
			c.storeTryLocal(local, builder.MustFindValue(c.localVariable(local)))
		}
	}
}

// lowerCatch is the way from a caught exception to the label of the clause.
func (c *Compiler) lowerCatch(clause *catchClause, set []wasm.Index) {
	builder := c.ssaBuilder
	c.reloadAfterCall()
	for _, local := range set {
		variable := c.localVariable(local)
		value := builder.AllocateInstruction().
			AsLoad(c.tryLocals.area, c.tryLocals.offsets[local], c.localType(local)).
			Insert(builder).Return()
		builder.DefineVariableInCurrentBB(variable, value)
	}
	var values []ssa.Value
	if clause.kind == wasm.CatchKindCatch || clause.kind == wasm.CatchKindCatchRef {
		if tag := c.resolveTagType(clause.tagIndex); tag != nil {
			values = c.loadExceptionParams(tag)
		}
	}
	if clause.kind == wasm.CatchKindCatchRef || clause.kind == wasm.CatchKindCatchAllRef {
		values = append(values, c.loadExnRef())
	}
	// The label may be that of another try_table, or outside of some.
	c.emitTryTableLeaves(int(clause.labelIdx))
	target, _ := c.state().brTargetArgNumFor(clause.labelIdx)
	c.insertJumpToBlock(c.allocateVarLengthValues(len(values), values...), target)
}

// endTryTable is called when the control frame of a try_table with clauses is gone.
func (c *Compiler) endTryTable() { c.tryLocals.depth-- }

// setTryLocal is called when a local is set.
func (c *Compiler) setTryLocal(local wasm.Index, value ssa.Value) {
	if c.tryLocals.depth > 0 {
		c.storeTryLocal(local, value)
	}
}

func (c *Compiler) storeTryLocal(local wasm.Index, value ssa.Value) {
	offset, ok := c.tryLocals.offsets[local]
	if !ok {
		panic("BUG: a local that is set in a try_table was not found there")
	}
	c.ssaBuilder.AllocateInstruction().AsStore(ssa.OpcodeStore, value, c.tryLocals.area, offset).Insert(c.ssaBuilder)
}

func (c *Compiler) localType(local wasm.Index) ssa.Type {
	if params := c.wasmFunctionTyp.Params; int(local) < len(params) {
		return WasmTypeToSSAType(params[local])
	}
	return WasmTypeToSSAType(c.wasmFunctionLocalTypes[int(local)-len(c.wasmFunctionTyp.Params)])
}

func (c *Compiler) layOutTryLocals(set []wasm.Index) (size uint32) {
	c.tryLocals.offsets = make(map[wasm.Index]uint32, len(set))
	for _, local := range set {
		c.tryLocals.offsets[local] = size
		if size += 8; c.localType(local) == ssa.TypeV128 {
			size += 8
		}
	}
	return
}

// localsSetInTryTables returns the locals set inside of the try_table whose body begins at begin, and inside of each
// try_table in it.
func localsSetInTryTables(code []byte, begin int) map[int][]wasm.Index {
	type open struct {
		begin, depth int // depth of blocks outside of it
		set          map[wasm.Index]struct{}
	}
	result := map[int][]wasm.Index{}
	tries := []open{{begin: begin, set: map[wasm.Index]struct{}{}}}
	r := &immediates{code: code, pc: begin}
	for depth := 1; depth > 0; {
		innermost := &tries[len(tries)-1]
		switch op := r.byte(); op {
		case wasm.OpcodeLocalSet, wasm.OpcodeLocalTee:
			innermost.set[wasm.Index(r.u32())] = struct{}{}
		case wasm.OpcodeBlock, wasm.OpcodeLoop, wasm.OpcodeIf:
			r.blockType()
			depth++
		case wasm.OpcodeTryTable:
			r.blockType()
			r.catchClauses()
			tries = append(tries, open{begin: r.pc, depth: depth, set: map[wasm.Index]struct{}{}})
			depth++
		case wasm.OpcodeEnd:
			if depth--; depth > innermost.depth {
				break
			}
			set := make([]wasm.Index, 0, len(innermost.set))
			for local := range innermost.set {
				set = append(set, local)
				if len(tries) > 1 {
					tries[len(tries)-2].set[local] = struct{}{}
				}
			}
			slices.Sort(set) // the same code for the same module
			result[innermost.begin] = set
			tries = tries[:len(tries)-1]
		default:
			r.skip(op)
		}
	}
	return result
}

// immediates reads a function body that has been validated.
type immediates struct {
	code []byte
	pc   int
}

func (r *immediates) byte() byte {
	r.pc++
	return r.code[r.pc-1]
}

func (r *immediates) u32() uint32 {
	v, n, err := leb128.LoadUint32(r.code[r.pc:])
	if err != nil {
		panic(err)
	}
	r.pc += int(n)
	return v
}

// leb skips an integer of any size.
func (r *immediates) leb() {
	for r.byte()&0x80 != 0 {
	}
}

func (r *immediates) lebs(n int) {
	for range n {
		r.leb()
	}
}

func (r *immediates) blockType() { r.pc += wasm.BlockTypeSize(r.code[r.pc:]) }

func (r *immediates) catchClauses() {
	for n := r.u32(); n > 0; n-- {
		if kind := r.byte(); kind == wasm.CatchKindCatch || kind == wasm.CatchKindCatchRef {
			r.leb()
		}
		r.leb()
	}
}

// skip skips the immediates of an instruction that neither opens nor closes a block.
func (r *immediates) skip(op wasm.Opcode) {
	switch {
	case op == wasm.OpcodeThrow, op == wasm.OpcodeBr, op == wasm.OpcodeBrIf, op == wasm.OpcodeCall,
		op == wasm.OpcodeTailCallReturnCall, op == wasm.OpcodeCallRef, op == wasm.OpcodeReturnCallRef,
		op == wasm.OpcodeLocalGet, op >= wasm.OpcodeGlobalGet && op <= wasm.OpcodeTableSet,
		op == wasm.OpcodeMemorySize, op == wasm.OpcodeMemoryGrow, op == wasm.OpcodeI32Const, op == wasm.OpcodeI64Const,
		op == wasm.OpcodeRefNull, op == wasm.OpcodeRefFunc, op == wasm.OpcodeBrOnNull, op == wasm.OpcodeBrOnNonNull:
		r.leb()
	case op == wasm.OpcodeCallIndirect, op == wasm.OpcodeTailCallReturnCallIndirect,
		op >= wasm.OpcodeI32Load && op <= wasm.OpcodeI64Store32:
		r.lebs(2)
	case op == wasm.OpcodeBrTable:
		r.lebs(int(r.u32()) + 1)
	case op == wasm.OpcodeTypedSelect:
		r.pc += wasm.SelectTypeSize(r.code[r.pc:])
	case op == wasm.OpcodeF32Const:
		r.pc += 4
	case op == wasm.OpcodeF64Const:
		r.pc += 8
	case op == wasm.OpcodeMiscPrefix:
		switch wasm.OpcodeMisc(r.u32()) {
		case wasm.OpcodeMiscMemoryInit, wasm.OpcodeMiscMemoryCopy, wasm.OpcodeMiscTableInit, wasm.OpcodeMiscTableCopy:
			r.lebs(2)
		case wasm.OpcodeMiscDataDrop, wasm.OpcodeMiscMemoryFill, wasm.OpcodeMiscElemDrop,
			wasm.OpcodeMiscTableGrow, wasm.OpcodeMiscTableSize, wasm.OpcodeMiscTableFill:
			r.leb()
		}
	case op == wasm.OpcodeVecPrefix:
		switch vec := wasm.OpcodeVec(r.byte()); { // the second byte of a longer one is a nop, as for everybody else here
		case vec <= wasm.OpcodeVecV128Store, vec == wasm.OpcodeVecV128Load32zero, vec == wasm.OpcodeVecV128Load64zero:
			r.lebs(2)
		case vec >= wasm.OpcodeVecV128Load8Lane && vec <= wasm.OpcodeVecV128Store64Lane:
			r.lebs(2)
			r.pc++
		case vec == wasm.OpcodeVecV128Const, vec == wasm.OpcodeVecV128i8x16Shuffle:
			r.pc += 16
		case vec >= wasm.OpcodeVecI8x16ExtractLaneS && vec <= wasm.OpcodeVecF64x2ReplaceLane:
			r.pc++
		}
	case op == wasm.OpcodeAtomicPrefix:
		if wasm.OpcodeAtomic(r.byte()) == wasm.OpcodeAtomicFence {
			r.pc++
		} else {
			r.lebs(2)
		}
	}
}

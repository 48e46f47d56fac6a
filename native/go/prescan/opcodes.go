package prescan

const (
	opEnd       = 0x0b
	opCallRef   = 0x14
	opTryTable  = 0x1f
	opGlobalGet = 0x23
	opI32Const  = 0x41
	opI64Const  = 0x42
	opF32Const  = 0x43
	opF64Const  = 0x44
	opI32Add    = 0x6a
	opI32Sub    = 0x6b
	opI32Mul    = 0x6c
	opI64Add    = 0x7c
	opI64Sub    = 0x7d
	opI64Mul    = 0x7e
	opRefNull   = 0xd0
	opRefFunc   = 0xd2
	opVector    = 0xfd

	vectorConst   = 0x0c
	vectorShuffle = 0x0d
	atomicFence   = 0x03
)

// What follows an opcode.
const (
	unknown = iota
	none
	index  // one number of up to 5 bytes: an index, a label, an i32, a heap type
	index2 // two of them: a memory argument
	i64
	bytes4
	bytes8
	block
	tryTable
	end
	labels
	call
	callType
	selectType
	misc
	vector
	atomic
)

var immediates = [256]uint8{
	0x00: none, 0x01: none, // unreachable, nop
	0x02: block, 0x03: block, 0x04: block, 0x05: none, // block, loop, if, else
	0x08: index, 0x0a: none, // throw, throw_ref
	0x0b: end,
	0x0c: index, 0x0d: index, 0x0e: labels, 0x0f: none, // br, br_if, br_table, return
	0x10: call, 0x11: callType, 0x12: index, 0x13: index2, 0x14: callType, 0x15: index, // call, call_indirect, their return_ forms, call_ref
	0x1a: none, 0x1b: none, 0x1c: selectType, // drop, select
	0x1f: tryTable,
	0x20: index, 0x21: index, 0x22: index, 0x23: index, 0x24: index, 0x25: index, 0x26: index, // local, global, table
	0x3f: index, 0x40: index, // memory.size, memory.grow
	0x41: index, 0x42: i64, 0x43: bytes4, 0x44: bytes8,
	0xd0: index, 0xd1: none, 0xd2: index, 0xd4: none, 0xd5: index, 0xd6: index, // ref.null, is_null, func, as_non_null, br_on_null, br_on_non_null
	0xfc: misc, 0xfd: vector, 0xfe: atomic,
}

func init() {
	for op := 0x28; op <= 0x3e; op++ { // loads and stores
		immediates[op] = index2
	}
	for op := 0x45; op <= 0xc4; op++ { // numeric instructions
		immediates[op] = none
	}
}

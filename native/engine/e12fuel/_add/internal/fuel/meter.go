// Package fuel says what a function costs, and where it is charged: for both engines, so that they count the same.
package fuel

import "github.com/tetratelabs/wazero/internal/wasm"

// EntryCost is charged for entering a function, so that none is for free.
const EntryCost = 1

// MostPerCharge bounds what one charge may take: it has to fit an instruction's immediate.
const MostPerCharge = 1 << 30

// Meter follows the body of a function, instruction by instruction. It divides the body into regions: what is in one is
// executed as often as its first instruction, unless a trap or an exception ends it. A region is charged where it
// begins, as a whole. So of a call that returns exactly the instructions that it executed have been charged, and never
// has less been charged than was executed.
//
// What follows a block belongs to the region that the block stands in if nothing inside of it branches past its end; so
// a loop without a way out but its end, or both arms of an if, do not divide what is around them.
type Meter struct {
	frames  []frame
	costs   []int64
	current int
	dead    bool // nothing gets here
}

type frame struct {
	kind    kind
	entry   int  // the region that it stands in
	dead    bool // it stands where nothing gets
	escapes bool // something in it branches past its end, or returns
	reached bool // its end is, by a branch to it or by an arm of the if
}

type kind byte

const (
	function kind = iota
	block
	loop
	ifThen
	ifElse
	try
)

// None is what Step returns where no region begins.
const None = -1

// Begin is for the beginning of a function, which is region 0.
func (m *Meter) Begin() {
	m.frames = append(m.frames[:0], frame{kind: function})
	m.costs = append(m.costs[:0], EntryCost)
	m.current, m.dead = 0, false
}

// Costs is what each region costs, once the body is at its end. 0: there is nothing to charge.
func (m *Meter) Costs() []int64 { return m.costs }

// Step is called for each instruction of a valid body, with its place in it. It returns the region that begins behind
// the instruction, or None.
func (m *Meter) Step(body []byte, pc uint64) (begins int) {
	if m.dead {
		return m.stepDead(body[pc])
	}
	op := body[pc]
	m.costs[m.current] = min(m.costs[m.current]+costOf(op), MostPerCharge)
	at := pc + 1
	switch op {
	case wasm.OpcodeBlock:
		m.push(block)
	case wasm.OpcodeLoop:
		m.push(loop)
		return m.begin()
	case wasm.OpcodeIf:
		m.push(ifThen)
		return m.begin()
	case wasm.OpcodeTryTable:
		return m.tryTable(body, at)
	case wasm.OpcodeElse:
		return m.otherwise()
	case wasm.OpcodeEnd:
		return m.end()
	case wasm.OpcodeBr:
		m.branch(label(body, &at))
		m.dead = true
	case wasm.OpcodeBrIf, wasm.OpcodeBrOnNull, wasm.OpcodeBrOnNonNull:
		m.branch(label(body, &at))
		return m.begin()
	case wasm.OpcodeBrTable:
		for n := label(body, &at); ; n-- { // and the default
			m.branch(label(body, &at))
			if n == 0 {
				break
			}
		}
		m.dead = true
	case wasm.OpcodeReturn, wasm.OpcodeTailCallReturnCall, wasm.OpcodeTailCallReturnCallIndirect, wasm.OpcodeReturnCallRef,
		wasm.OpcodeThrow, wasm.OpcodeThrowRef:
		for i := range m.frames {
			m.frames[i].escapes = true
		}
		m.dead = true
	case wasm.OpcodeUnreachable:
		m.dead = true
	}
	return None
}

func (m *Meter) stepDead(op byte) int {
	switch op {
	case wasm.OpcodeBlock, wasm.OpcodeLoop, wasm.OpcodeIf, wasm.OpcodeTryTable:
		m.frames = append(m.frames, frame{dead: true})
	case wasm.OpcodeElse:
		if !m.frames[len(m.frames)-1].dead {
			return m.otherwise()
		}
	case wasm.OpcodeEnd:
		if !m.frames[len(m.frames)-1].dead {
			return m.end()
		}
		m.frames = m.frames[:len(m.frames)-1]
	}
	return None
}

func (m *Meter) push(k kind) { m.frames = append(m.frames, frame{kind: k, entry: m.current}) }

func (m *Meter) begin() int {
	m.costs = append(m.costs, 0)
	m.current, m.dead = len(m.costs)-1, false
	return m.current
}

// branch is to the n-th frame from the innermost one.
func (m *Meter) branch(n uint32) {
	target := len(m.frames) - 1 - int(n)
	for i := target + 1; i < len(m.frames); i++ {
		m.frames[i].escapes = true
	}
	if f := &m.frames[target]; f.kind == loop {
		return
	} else if f.reached = true; f.kind == function {
		f.escapes = true
	}
}

// otherwise is an else: what follows it is executed where what came before it was not.
func (m *Meter) otherwise() int {
	f := &m.frames[len(m.frames)-1]
	f.kind = ifElse
	f.reached = f.reached || !m.dead
	return m.begin()
}

// tryTable: its labels count from outside of it.
func (m *Meter) tryTable(body []byte, at uint64) int {
	switch body[at] { // the type
	case 0x63, 0x64: // a reference, and the type of what it refers to
		at++
		fallthrough
	default:
		label(body, &at)
	}
	clauses := label(body, &at)
	for i := clauses; i > 0; i-- {
		if k := body[at]; k == wasm.CatchKindCatch || k == wasm.CatchKindCatchRef {
			at++
			label(body, &at)
		} else {
			at++
		}
		m.branch(label(body, &at))
	}
	m.push(try)
	m.frames[len(m.frames)-1].escapes = clauses > 0
	return None
}

func (m *Meter) end() int {
	f := m.frames[len(m.frames)-1]
	m.frames = m.frames[:len(m.frames)-1]
	if f.kind == function {
		m.dead = true
		return None
	}
	through := !m.dead // what stands before the end gets there
	switch {
	case !through && !f.reached && f.kind != ifThen: // nothing gets there
		return m.begin()
	case !f.escapes:
		m.current, m.dead = f.entry, false
		return None
	case through && !f.reached && (f.kind == block || f.kind == loop):
		return None
	}
	return m.begin()
}

// label reads a number in LEB128, which is valid. (That of a type may be negative; nobody looks at it.)
func label(body []byte, at *uint64) (v uint32) {
	for shift := 0; ; shift += 7 {
		b := body[*at]
		*at++
		v |= uint32(b&0x7f) << shift
		if b&0x80 == 0 {
			return v
		}
	}
}

// costOf is 1 but for what becomes no code: as Wasmtime counts.
func costOf(op byte) int64 {
	switch op {
	case wasm.OpcodeNop, wasm.OpcodeDrop, wasm.OpcodeBlock, wasm.OpcodeLoop, wasm.OpcodeElse, wasm.OpcodeEnd,
		wasm.OpcodeUnreachable, wasm.OpcodeReturn:
		return 0
	}
	return 1
}

// Bulk tells whether the instruction at this place moves or fills as much as the number on top of the stack says. It
// costs that number shifted right by this much, besides: one for each 16 bytes of a memory, one for each element of a
// table.
func Bulk(body []byte, pc uint64) (shift byte, ok bool) {
	if body[pc] != wasm.OpcodeMiscPrefix {
		return 0, false
	}
	at := pc + 1
	switch wasm.OpcodeMisc(label(body, &at)) {
	case wasm.OpcodeMiscMemoryInit, wasm.OpcodeMiscMemoryCopy, wasm.OpcodeMiscMemoryFill:
		return 4, true
	case wasm.OpcodeMiscTableInit, wasm.OpcodeMiscTableCopy, wasm.OpcodeMiscTableFill:
		return 0, true
	}
	return 0, false
}

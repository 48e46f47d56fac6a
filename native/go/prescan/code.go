package prescan

import "fmt"

func (s *scanner) scanCode() error {
	n, err := s.count("function bodies", 3, maxFunctions)
	if s.skipBodies && err == nil {
		s.pos = s.end
		return nil
	}
	for i := uint32(0); i < n && err == nil; i++ {
		err = s.scanBody(i)
	}
	return err
}

func (s *scanner) scanBody(i uint32) error {
	size, ok := s.u32()
	if !ok {
		return s.truncated(fmt.Sprintf("the size of function[%d]", i))
	}
	if size > maxBodyBytes {
		return s.fail("function[%d] has a body of %d bytes, over the limit of %d", i, size, maxBodyBytes)
	}
	if uint64(size) > uint64(s.left()) {
		return s.fail("function[%d] has a body of %d bytes, but only %d are left", i, size, s.left())
	}
	sectionEnd := s.end
	s.end = s.pos + int(size)
	nonNull, err := s.scanLocals(i)
	if err != nil {
		return err
	}
	w := walker{reader: s.reader, pushes: &s.pushes}
	reason, number := w.walk()
	switch reason {
	case tooManyLabels:
		return s.fail("function[%d] has br_tables of %d labels, over the limit of %d", i, number, maxBrTable)
	case tooDeep:
		return s.fail("function[%d] nests over %d blocks", i, maxNesting)
	case tooManyPushed:
		return s.fail("function[%d] has over %d results of calls and blocks", i, maxPushed)
	case longVector:
		// wazero 1.12.0 reads one byte, and takes what follows for the next instruction: harmless only where that is 0x01, a nop.
		return s.fail("function[%d] has a vector instruction of unknown opcode fd %x %x", i, byte(number>>8), byte(number))
	case longSelect:
		// wazero 1.12.0 validates the whole type, but both of its compilers skip one byte of it and run the rest, bytes of the
		// guest's choice, as instructions that nothing has validated: with them a number becomes a function reference. Edit e7select cures it.
		return s.fail("function[%d] has a select of a (ref ...) type, which this version of wazero does not compile rightly", i)
	}
	if copies := nonNull * uint64(w.deepest); copies > maxInitCopies {
		return s.fail("function[%d] has %d non-nullable locals under %d blocks, their product over the limit of %d", i, nonNull, w.deepest, maxInitCopies)
	}
	s.pos, s.end = s.end, sectionEnd
	return nil
}

// scanLocals counts the locals, which are run-length encoded: a few bytes stand for up to 2^32 of them.
func (s *scanner) scanLocals(i uint32) (nonNull uint64, err error) {
	groups, err := s.count("groups of locals", 2, maxBodyBytes)
	if err != nil {
		return 0, err
	}
	locals := uint64(0)
	for ; groups > 0; groups-- {
		n, ok := s.u32()
		noDefault, okType := s.valueType()
		if !ok || !okType {
			return 0, s.truncated(fmt.Sprintf("the locals of function[%d]", i))
		}
		if locals += uint64(n); locals > maxLocals {
			return 0, s.fail("function[%d] has %d locals, over the limit of %d", i, locals, maxLocals)
		}
		if noDefault {
			nonNull += uint64(n)
		}
	}
	s.moduleLocals += locals
	if limit := uint64(maxModuleLocals + 8*len(s.bytes)); s.moduleLocals > limit {
		return 0, s.fail("the functions up to [%d] have %d locals, over the limit of %d for a module of this size", i, s.moduleLocals, limit)
	}
	return nonNull, nil
}

// walker goes over the instructions of one body.
type walker struct {
	reader
	pushes         *pushes
	depth, deepest int
	pushed         int
	labels         uint32 // of all its br_tables
}

type reason uint8

const (
	passed reason = iota
	tooManyLabels
	tooDeep
	tooManyPushed
	longSelect
	longVector
)

// walk stops without a reason at what it cannot read: wazero's validator refuses the body there, before it compiles anything.
func (w *walker) walk() (reason, uint32) {
	w.depth, w.deepest = 1, 1
	for w.pos < w.end && w.depth > 0 {
		op := w.bytes[w.pos]
		w.pos++
		ok := true
		switch immediates[op] {
		case none:
		case unknown:
			return passed, 0
		case index:
			ok = w.leb(lebBytes32)
		case index2:
			ok = w.leb(lebBytes32) && w.leb(lebBytes32)
		case i64:
			ok = w.leb(lebBytes64)
		case bytes4:
			ok = w.skip(4)
		case bytes8:
			ok = w.skip(8)
		case block, tryTable:
			ok = w.blockType() && (op != opTryTable || w.catches())
			if w.depth++; w.depth > w.deepest {
				w.deepest = w.depth
			}
			if w.depth > maxNesting {
				return tooDeep, 0
			}
		case end:
			w.depth--
		case labels:
			var n uint32
			if n, ok = w.u32(); ok && (n > maxBrTable || w.labels+n > maxBrTable) {
				return tooManyLabels, max(n, w.labels+n)
			}
			w.labels += n
			for ; ok && n > 0; n-- {
				ok = w.leb(lebBytes32)
			}
			ok = ok && w.leb(lebBytes32)
		case call:
			var function uint32
			function, ok = w.u32()
			w.pushed += w.pushes.ofFunction(function)
		case callType: // the type comes first; call_indirect has a table after it
			var typeIndex uint32
			typeIndex, ok = w.u32()
			ok = ok && (op == opCallRef || w.leb(lebBytes32))
			w.pushed += w.pushes.ofType(typeIndex)
		case selectType:
			var n, t byte
			n, _ = w.u8()
			if t, ok = w.u8(); ok && n == 1 && (t == nullableRef || t == nonNullableRef) {
				if engineUpstream {
					return longSelect, 0
				}
				_, ok = w.i33()
			}
			ok = ok && n == 1
		case misc:
			var sub uint32
			sub, ok = w.u32()
			ok = ok && w.miscImmediates(sub)
		case vector:
			if at := w.pos; at+1 < w.end && w.bytes[at] >= 0x80 && w.bytes[at+1] != 1 {
				return longVector, uint32(w.bytes[at])<<8 | uint32(w.bytes[at+1])
			}
			ok = w.vectorImmediates()
		case atomic:
			var sub byte
			if sub, ok = w.u8(); ok && sub == atomicFence {
				ok = w.skip(1)
			} else {
				ok = ok && w.leb(lebBytes32) && w.leb(lebBytes32)
			}
		}
		if !ok {
			return passed, 0
		}
		if w.pushed > maxPushed {
			return tooManyPushed, 0
		}
	}
	return passed, 0
}

func (w *walker) blockType() (ok bool) {
	const nullable, nonNullable = nullableRef - 0x80, nonNullableRef - 0x80
	t, ok := w.i33()
	switch {
	case t >= 0:
		w.pushed += w.pushes.ofType(uint32(t))
	case t == nullable || t == nonNullable:
		_, ok = w.i33()
	}
	return ok
}

func (w *walker) catches() (ok bool) {
	n, ok := w.u32()
	for ; ok && n > 0; n-- {
		var kind byte
		if kind, ok = w.u8(); !ok {
			break
		}
		switch kind {
		case 0, 1: // catch, catch_ref: a tag and a label
			ok = w.leb(lebBytes32) && w.leb(lebBytes32)
		case 2, 3: // catch_all, catch_all_ref
			ok = w.leb(lebBytes32)
		default:
			ok = false
		}
	}
	return ok
}

func (w *walker) miscImmediates(sub uint32) (ok bool) {
	switch {
	case sub <= 7: // saturating truncation
		return true
	case sub == 8 || sub == 10 || sub == 12 || sub == 14: // memory.init, memory.copy, table.init, table.copy
		return w.leb(lebBytes32) && w.leb(lebBytes32)
	case sub <= 17: // data.drop, memory.fill, elem.drop, table.grow, table.size, table.fill
		return w.leb(lebBytes32)
	}
	return false
}

// vectorImmediates reads the opcode as one byte, as wazero does; walk has seen that the second byte of a longer one is 0x01.
func (w *walker) vectorImmediates() (ok bool) {
	sub, ok := w.u8()
	switch {
	case !ok:
		return false
	case sub == vectorConst || sub == vectorShuffle:
		return w.skip(16)
	case sub <= 0x0b || sub == 0x5c || sub == 0x5d: // load, store, load_zero
		return w.leb(lebBytes32) && w.leb(lebBytes32)
	case sub >= 0x54 && sub <= 0x5b: // load_lane, store_lane
		return w.leb(lebBytes32) && w.leb(lebBytes32) && w.skip(1)
	case sub >= 0x15 && sub <= 0x22: // extract_lane, replace_lane
		return w.skip(1)
	}
	return true
}

package prescan

import "fmt"

// The flag of an element segment: bit 0 not active, bit 1 a table index (or declarative), bit 2 expressions instead of indices.
func (s *scanner) scanElementSegment(i uint32) error {
	what := "element segment"
	flag, ok := s.u32()
	if !ok || flag > 7 {
		return s.truncated(fmt.Sprintf("%s[%d]", what, i))
	}
	active, explicit, expressions := flag&1 == 0, flag&2 != 0, flag&4 != 0
	if active {
		if explicit {
			if _, ok := s.u32(); !ok {
				return s.truncated(fmt.Sprintf("%s[%d]", what, i))
			}
		}
		if err := s.scanConstantExpression(); err != nil {
			return err
		}
	}
	if !active || explicit {
		if _, ok := s.valueType(); !ok { // an element kind, where there are indices: one byte too
			return s.truncated(fmt.Sprintf("%s[%d]", what, i))
		}
	}
	n, err := s.count("elements", 1, maxElements)
	for j := uint32(0); j < n && err == nil; j++ {
		if expressions {
			err = s.scanConstantExpression()
		} else if _, ok := s.u32(); !ok {
			err = s.truncated(fmt.Sprintf("%s[%d]", what, i))
		}
	}
	return err
}

func (s *scanner) scanDataSegment(i uint32) error {
	const passive, withMemory = 1, 2
	flag, ok := s.u32()
	if ok && flag == withMemory {
		_, ok = s.u32()
	}
	if !ok || flag > withMemory {
		return s.truncated(fmt.Sprintf("data segment[%d]", i))
	}
	if flag != passive {
		if err := s.scanConstantExpression(); err != nil {
			return err
		}
	}
	size, ok := s.u32()
	if !ok {
		return s.truncated(fmt.Sprintf("data segment[%d]", i))
	}
	if !s.skip(uint64(size)) {
		return s.fail("data segment[%d] has %d bytes, but only %d are left", i, size, s.left())
	}
	return nil
}

// scanConstantExpression also refuses what the specification does and wazero does not: to read an imported global that can change.
func (s *scanner) scanConstantExpression() error {
	for {
		op, ok := s.u8()
		if !ok {
			return s.truncated("a constant expression")
		}
		switch op {
		case opEnd:
			return nil
		case opI32Const:
			ok = s.leb(lebBytes32)
		case opI64Const:
			ok = s.leb(lebBytes64)
		case opF32Const:
			ok = s.skip(4)
		case opF64Const:
			ok = s.skip(8)
		case opRefFunc:
			_, ok = s.u32()
		case opRefNull:
			ok = s.leb(lebBytes32)
		case opI32Add, opI32Sub, opI32Mul, opI64Add, opI64Sub, opI64Mul:
		case opGlobalGet:
			var index uint32
			if index, ok = s.u32(); ok && s.isMutableImport(index) {
				return s.fail("constant expression required: global.get of the mutable global %d", index)
			}
		case opVector:
			sub, okSub := s.u8()
			ok = okSub && sub == vectorConst && s.skip(16)
		default:
			return s.fail("invalid byte for const expression op code: %#x", op)
		}
		if !ok {
			return s.truncated("a constant expression")
		}
	}
}

// scanCustom looks into the name section, the one custom section that wazero decodes. wazero does not hold a subsection to its size, so
// neither does this.
func (s *scanner) scanCustom() error {
	start := s.pos
	name, ok := s.name()
	if !ok {
		return s.truncated("its name")
	}
	if err := s.tell("its name", name); err != nil {
		return err
	}
	if string(name) != "name" {
		s.pos = s.end
		return nil
	}
	const moduleName, functionNames, localNames = 0, 1, 2
	limit := uint64(s.end-start) - uint64(s.pos-start)
	for limit > 0 {
		id, ok := s.u8()
		if !ok && s.end == len(s.bytes) {
			return nil // so does wazero, at the end of the file
		}
		if !ok {
			return s.truncated("a subsection of the name section")
		}
		limit--
		before := s.pos
		size, ok := s.u32()
		if !ok {
			return s.truncated("a subsection of the name section")
		}
		limit -= uint64(s.pos - before) // may wrap, as wazero's does: then only the end of the file ends the loop
		var err error
		switch id {
		case moduleName:
			if name, ok := s.name(); !ok {
				err = s.truncated("the module name")
			} else if len(name) > maxNameBytes {
				err = s.tooLong("the module name", name)
			}
		case functionNames:
			err = s.scanNameMap("function names")
		case localNames:
			err = s.each("functions with local names", 2, maxFunctions, func(uint32) error {
				if _, ok := s.u32(); !ok {
					return s.truncated("a local name")
				}
				return s.scanNameMap("local names")
			})
		default:
			if !s.skip(uint64(size)) {
				err = s.truncated("a subsection of the name section")
			}
		}
		if err != nil {
			return err
		}
		limit -= uint64(size)
	}
	return nil
}

func (s *scanner) scanNameMap(what string) error {
	n, err := s.count(what, 2, maxFunctions+maxImports)
	for i := uint32(0); i < n && err == nil; i++ {
		_, okIndex := s.u32()
		if name, ok := s.name(); !ok || !okIndex {
			err = s.truncated("one of the " + what)
		} else if len(name) > maxNameBytes {
			err = s.tooLong("one of the "+what, name)
		}
	}
	return err
}

package prescan

import "fmt"

func (s *scanner) scanImports() error {
	n, err := s.count("imports", 4, maxImports)
	for i := uint32(0); i < n && err == nil; i++ {
		err = s.scanImport(i)
	}
	return err
}

func (s *scanner) scanImport(i uint32) error {
	module, moduleOK := s.name()
	name, nameOK := s.name()
	kind, ok := s.u8()
	if !moduleOK || !nameOK || !ok {
		return s.truncated(fmt.Sprintf("import[%d]", i))
	}
	if len(module) > maxNameBytes {
		return s.tooLong(fmt.Sprintf("the module name of import[%d]", i), module)
	}
	if err := s.importFrom(module); err != nil {
		return err
	}
	if err := s.tell("the name of an import", name); err != nil {
		return err
	}
	switch kind {
	case importFunction:
		typeIndex, ok := s.u32()
		if !ok {
			return s.truncated(fmt.Sprintf("import[%d]", i))
		}
		if typeIndex >= s.pushes.types {
			return s.fail("import[%d] has type %d, but there are %d types", i, typeIndex, s.pushes.types)
		}
		s.pushes.addFunction(typeIndex)
	case importTable:
		// wazero would take an initializer here; the specification has none, and Imports does not read one.
		if s.left() > 0 && s.bytes[s.pos] == tableWithInitializer {
			return s.fail("import[%d]: a table with an initializer", i)
		}
		return s.scanTableType(false)
	case importMemory:
		if err := s.addMemories(1); err != nil {
			return err
		}
		return s.scanLimits(i)
	case importGlobal:
		mutable, ok := s.globalType()
		if !ok {
			return s.truncated(fmt.Sprintf("import[%d]", i))
		}
		s.addImportedGlobal(mutable)
	case importTag:
		return s.scanTag(i)
	default:
		return s.fail("import[%d]: invalid byte for importdesc: %#x", i, kind)
	}
	return nil
}

func (s *scanner) addImportedGlobal(mutable bool) {
	i := int(s.importedGlobals)
	s.importedGlobals++
	if !mutable {
		return
	}
	for len(s.mutableGlobals) <= i/64 {
		s.mutableGlobals = append(s.mutableGlobals, 0)
	}
	s.mutableGlobals[i/64] |= 1 << (i % 64)
}

func (s *scanner) isMutableImport(global uint32) bool {
	i := int(global / 64)
	return global < s.importedGlobals && i < len(s.mutableGlobals) && s.mutableGlobals[i]&(1<<(global%64)) != 0
}

func (r *reader) globalType() (mutable, ok bool) {
	_, ok = r.valueType()
	b, okMutability := r.u8()
	return b == 1, ok && okMutability && b <= 1
}

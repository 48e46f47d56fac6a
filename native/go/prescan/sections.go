package prescan

import "fmt"

const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
	sectionTag
	sectionKinds
)

// wazero's names.
var sectionNames = [sectionKinds]string{
	"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data_count", "tag",
}

const (
	importFunction = iota
	importTable
	importMemory
	importGlobal
	importTag
)

const tableWithInitializer = 0x40

// scanner reads as wazero's decoder does and in its order, so that where one stops for a malformed byte the other does too: nothing
// behind that byte is ever decoded, and nothing before it was left unchecked.
type scanner struct {
	reader
	limits     Limits
	skipBodies bool
	section    string

	importedGlobals uint32
	mutableGlobals  []uint64 // a bit for each imported global that is mutable; nil while there is none
	tableElements   uint64
	moduleLocals    uint64
	memories        uint64
	memoryNames     uint32 // exports of it
	pushes          pushes
	names           names
}

func (s *scanner) fail(format string, args ...any) error {
	return malformed("section %s: %s", s.section, fmt.Sprintf(format, args...))
}

func (s *scanner) truncated(what string) error {
	return s.fail("%s is malformed or ends too early", what)
}

// count reads the length of a vector whose entries have at least entryBytes each.
func (s *scanner) count(what string, entryBytes int, limit uint32) (uint32, error) {
	n, ok := s.u32()
	switch {
	case !ok:
		return 0, s.truncated("the count of " + what)
	case n > limit:
		return 0, s.fail("%d %s, over the limit of %d", n, what, limit)
	case uint64(n) > uint64(s.left()/entryBytes):
		return 0, s.fail("%d %s in the %d bytes that are left", n, what, s.left())
	}
	return n, nil
}

func (s *scanner) scan() error {
	previous := byte(sectionCustom)
	for s.pos < len(s.bytes) {
		s.end = len(s.bytes)
		id, _ := s.u8()
		if id >= sectionKinds {
			return malformed("section unknown: invalid section id: %d", id)
		}
		s.section = sectionNames[id]
		size, ok := s.u32()
		if !ok {
			return malformed("get size of section %s: malformed or ends too early", s.section)
		}
		if uint64(size) > uint64(s.left()) {
			return s.fail("%d bytes, but only %d are left in the module", size, s.left())
		}
		if id != sectionCustom {
			if !inOrder(id, previous) {
				return malformed("invalid section order: %s after %s", s.section, sectionNames[previous])
			}
			previous = id
		}
		s.end = s.pos + int(size)
		if err := s.scanSection(id); err != nil {
			return err
		}
		if s.pos != s.end {
			return s.fail("invalid section length: %d of its %d bytes are not used", s.left(), size)
		}
	}
	return nil
}

// inOrder: ids rise, but for tag (between memory and global) and data_count (between element and code).
func inOrder(id, previous byte) bool {
	return rank(id) > rank(previous)
}

func rank(id byte) int {
	switch id {
	case sectionTag:
		return 2*sectionMemory + 1
	case sectionDataCount:
		return 2*sectionElement + 1
	}
	return 2 * int(id)
}

func (s *scanner) scanSection(id byte) error {
	switch id {
	case sectionCustom:
		return s.scanCustom()
	case sectionType:
		return s.scanTypes()
	case sectionImport:
		return s.scanImports()
	case sectionFunction:
		return s.each("functions", 1, maxFunctions, s.scanFunction)
	case sectionTable:
		return s.each("tables", 3, maxTables, s.scanTable)
	case sectionMemory:
		return s.scanMemories()
	case sectionGlobal:
		return s.each("globals", 3, maxGlobals, s.scanGlobal)
	case sectionExport:
		return s.each("exports", 3, maxExports, s.scanExport)
	case sectionElement:
		return s.each("element segments", 3, maxElements, s.scanElementSegment)
	case sectionCode:
		return s.scanCode()
	case sectionData:
		return s.each("data segments", 2, maxDataSegments, s.scanDataSegment)
	case sectionTag:
		return s.each("tags", 2, maxTags, s.scanTag)
	}
	s.pos = s.end // start, data_count: one number that makes nobody allocate, so that wazero may read it as it likes
	return nil
}

func (s *scanner) each(what string, entryBytes int, limit uint32, scan func(i uint32) error) error {
	n, err := s.count(what, entryBytes, limit)
	for i := uint32(0); i < n && err == nil; i++ {
		err = scan(i)
	}
	return err
}

func (s *scanner) scanTypes() error {
	n, err := s.count("types", 2, maxTypes)
	if err != nil {
		return err
	}
	const recursionGroup = 0x4e
	types := uint32(0)
	for i := uint32(0); i < n; i++ {
		group := uint32(1)
		if s.left() > 0 && s.bytes[s.pos] == recursionGroup {
			s.pos++
			if group, err = s.count("types of a recursion group", 3, maxTypes); err != nil {
				return err
			}
		}
		if types += group; types > maxTypes {
			return s.fail("%d types, over the limit of %d", types, maxTypes)
		}
		for ; group > 0; group-- {
			if err := s.scanFunctionType(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scanner) scanFunctionType() error {
	const function = 0x60
	if b, ok := s.u8(); !ok || b != function {
		return s.truncated("a function type")
	}
	if _, err := s.scanValueTypes("params", maxParams); err != nil {
		return err
	}
	results, err := s.scanValueTypes("results", maxResults)
	s.pushes.addType(results)
	return err
}

func (s *scanner) scanValueTypes(what string, limit uint32) (uint32, error) {
	n, err := s.count(what, 1, limit)
	for i := uint32(0); i < n && err == nil; i++ {
		if _, ok := s.valueType(); !ok {
			err = s.truncated("a value type")
		}
	}
	return n, err
}

func (s *scanner) scanFunction(i uint32) error {
	typeIndex, ok := s.u32()
	if !ok {
		return s.truncated(fmt.Sprintf("function[%d]", i))
	}
	// wazero looks at the types of functions when it comes to their bodies, and panics at a call of one that it has not come to.
	if typeIndex >= s.pushes.types {
		return s.fail("function[%d] has type %d, but there are %d types", i, typeIndex, s.pushes.types)
	}
	s.pushes.addFunction(typeIndex)
	return nil
}

func (s *scanner) scanTable(uint32) error { return s.scanTableType(true) }

func (s *scanner) scanTableType(own bool) error {
	hasInitializer := false
	if s.left() > 1 && s.bytes[s.pos] == tableWithInitializer {
		s.pos += 2
		hasInitializer = true
	}
	// wazero takes any byte for the type of a table: with i64, a guest could read and write references as numbers.
	if s.left() > 0 && !isReferenceType(s.bytes[s.pos]) {
		return s.fail("invalid table type %#x", s.bytes[s.pos])
	}
	_, ok := s.valueType()
	minimum, okLimits := s.readLimits()
	if !ok || !okLimits {
		return s.truncated("a table")
	}
	if own {
		s.tableElements += uint64(minimum)
		if max := uint64(s.limits.TableElements); s.tableElements > max {
			message := fmt.Sprintf("section table: a minimum of %d table elements, over the limit tableElements of %d", s.tableElements, max)
			return &Error{"tableElements", message}
		}
	}
	if hasInitializer {
		return s.scanConstantExpression()
	}
	return nil
}

// readLimits reads the limits of a table or memory; wazero and other parts check what they say.
func (r *reader) readLimits() (minimum uint32, ok bool) {
	flag, ok := r.u8()
	if !ok || flag > 3 {
		return 0, false
	}
	if minimum, ok = r.u32(); ok && flag&1 != 0 {
		_, ok = r.u32()
	}
	return minimum, ok
}

func (s *scanner) scanLimits(uint32) error {
	if _, ok := s.readLimits(); !ok {
		return s.truncated("a memory")
	}
	return nil
}

func (s *scanner) scanMemories() error {
	n, ok := s.u32()
	if !ok {
		return s.truncated("the count of memories")
	}
	if err := s.addMemories(n); err != nil || n == 0 {
		return err
	}
	return s.scanLimits(0)
}

// addMemories: wazero refuses a second one of the module's own only. Of imported ones it takes any number, uses the last, and compares the name of each export with each of
// them, which nothing ends.
func (s *scanner) addMemories(n uint32) error {
	if s.memories += uint64(n); s.memories > 1 {
		return s.fail("at most one memory allowed in module, but read %d", s.memories)
	}
	return nil
}

func (s *scanner) scanGlobal(i uint32) error {
	if _, ok := s.globalType(); !ok {
		return s.truncated(fmt.Sprintf("global[%d]", i))
	}
	return s.scanConstantExpression()
}

func (s *scanner) scanExport(i uint32) error {
	name, okName := s.name()
	kind, okKind := s.u8()
	if _, ok := s.u32(); !ok || !okName || !okKind {
		return s.truncated(fmt.Sprintf("export[%d]", i))
	}
	if kind == importMemory {
		if s.memoryNames++; s.memoryNames > maxMemoryNames {
			return s.fail("over %d names of one memory", maxMemoryNames)
		}
	}
	return s.tell("the name of an export", name)
}

func (s *scanner) scanTag(i uint32) error {
	attribute, ok := s.u8()
	if _, okType := s.u32(); !ok || !okType || attribute != 0 {
		return s.truncated(fmt.Sprintf("tag[%d]", i))
	}
	return nil
}

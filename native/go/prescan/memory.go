package prescan

// Memory is the one that a module's functions use.
type Memory struct {
	Exists, Shared bool
	Min            uint64 // pages
	Imported       bool
	From           string // the module that it is imported from
}

// MemoryOf reads what a module that passed Check says of its memory. What it cannot read is as if it were not there: wazero does not accept such a module.
func MemoryOf(module []byte) (m Memory) {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 && !m.Exists {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return Memory{}
		}
		section := reader{bytes: module, pos: r.pos, end: r.pos + int(size)}
		switch id {
		case sectionImport:
			m = section.importedMemory()
		case sectionMemory:
			if n, ok := section.u32(); ok && n > 0 {
				m = section.memory()
			}
		}
		r.pos += int(size)
	}
	return m
}

func (r *reader) importedMemory() Memory {
	n, ok := r.u32()
	for ; ok && n > 0; n-- {
		from, ok1 := r.name()
		_, ok2 := r.name()
		if !ok1 || !ok2 || r.left() < 2 {
			return Memory{}
		}
		if r.bytes[r.pos] == importMemory {
			r.pos++
			m := r.memory()
			m.Imported, m.From = m.Exists, string(from)
			return m
		}
		_, ok = r.importDescription()
	}
	return Memory{}
}

const sharedFlag = 2

func (r *reader) memory() (m Memory) {
	flags, ok := r.u8()
	min, okMin := r.u32()
	if !ok || !okMin {
		return Memory{}
	}
	return Memory{Exists: true, Shared: flags&sharedFlag != 0, Min: uint64(min)}
}

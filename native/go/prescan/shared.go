package prescan

// SharedMemory says whether the memory of a module that passed Check, its own or an imported one, is shared (the threads proposal).
func SharedMemory(module []byte) bool {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return false
		}
		next := r.pos + int(size)
		switch id {
		case sectionImport:
			section := reader{bytes: module, pos: r.pos, end: next}
			if section.importsSharedMemory() {
				return true
			}
		case sectionMemory:
			n, ok := r.u32()
			return ok && n > 0 && r.left() > 0 && r.bytes[r.pos]&sharedFlag != 0
		}
		r.pos = next
	}
	return false
}

func (r *reader) importsSharedMemory() bool {
	n, ok := r.u32()
	for ; ok && n > 0; n-- {
		_, ok1 := r.name()
		_, ok2 := r.name()
		if !ok1 || !ok2 || r.left() < 2 {
			return false
		}
		if r.bytes[r.pos] == importMemory && r.bytes[r.pos+1]&sharedFlag != 0 {
			return true
		}
		_, ok = r.importDescription()
	}
	return false
}

const sharedFlag = 2

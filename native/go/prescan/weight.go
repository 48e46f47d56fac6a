package prescan

// Weight is how many bytes of code a module that passed Check has, and how many of them its largest function: what compiling it takes
// depends on both.
func Weight(module []byte) (code, largest uint64) {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return 0, 0
		}
		if id != sectionCode {
			r.pos += int(size)
			continue
		}
		n, _ := r.u32()
		for ; n > 0; n-- {
			body, ok := r.u32()
			if !ok || !r.skip(uint64(body)) {
				break
			}
			largest = max(largest, uint64(body))
		}
		return uint64(size), largest
	}
	return 0, 0
}

// IsQuick is whether an instance of a module that passed Check takes tens of microseconds to make, and runs nothing of its own: it is little, and so are
// its memory and tables. A module that this cannot read is not.
func IsQuick(module []byte) bool {
	const most, mostPages, mostElements = 16 << 10, 256, 4096
	if len(module) > most {
		return false
	}
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return false
		}
		s := reader{bytes: module, pos: r.pos, end: r.pos + int(size)}
		switch id {
		case sectionStart:
			return false
		case sectionTable:
			const funcref, externref = 0x70, 0x6f
			tables, _ := s.u32()
			for ; tables > 0; tables-- {
				if kind, _ := s.u8(); kind != funcref && kind != externref || !s.atMost(mostElements) {
					return false
				}
			}
		case sectionMemory:
			if memories, _ := s.u32(); memories > 1 || memories == 1 && !s.atMost(mostPages) {
				return false
			}
		}
		r.pos += int(size)
	}
	return true
}

// atMost skips limits, as long as the least of them is no more than that.
func (r *reader) atMost(most uint32) bool {
	flags, ok := r.u8()
	least, read := r.u32()
	if !ok || !read || flags > 3 || least > most {
		return false
	}
	return flags&1 == 0 || r.leb(5)
}

// InstanceBytes is about how many bytes an instance of a module that passed Check takes beside its memory and tables: for each of its functions,
// globals, exports and elements.
func InstanceBytes(module []byte) uint64 {
	const smallest, perFunction, perGlobal, perExport, perElement = 32 << 10, 64, 96, 128, 8
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	total := uint64(smallest)
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			break
		}
		next := r.pos + int(size)
		n, _ := r.u32()
		switch id {
		case sectionImport, sectionFunction:
			total += perFunction * uint64(n)
		case sectionGlobal:
			total += perGlobal * uint64(n)
		case sectionExport:
			total += perExport * uint64(n)
		case sectionElement: // a byte for an element, at least
			total += perElement * uint64(size)
		}
		r.pos = next
	}
	return total
}

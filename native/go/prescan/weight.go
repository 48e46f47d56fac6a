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

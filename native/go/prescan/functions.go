package prescan

// Functions counts the functions that a module which passed Check defines; 0 where it cannot be read.
func Functions(module []byte) int {
	functions, _ := Counts(module)
	return functions
}

// Counts is how many functions a module which passed Check defines, and how many imports and exports it has.
func Counts(module []byte) (functions, names int) {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			break
		}
		next := r.pos + int(size)
		switch id {
		case sectionFunction:
			n, _ := r.u32()
			functions = int(n)
		case sectionImport, sectionExport:
			n, _ := r.u32()
			names += int(n)
		}
		r.pos = next
	}
	return functions, names
}

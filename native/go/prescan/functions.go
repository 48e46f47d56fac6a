package prescan

// Functions counts the functions that a module which passed Check defines; 0 where it cannot be read.
func Functions(module []byte) int {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return 0
		}
		if id == sectionFunction {
			n, _ := r.u32()
			return int(n)
		}
		r.pos += int(size)
	}
	return 0
}

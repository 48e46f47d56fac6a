package prescan

// OwnsSharedMemory says whether a module that passed Check defines a shared memory (the threads proposal), which may not move.
func OwnsSharedMemory(module []byte) bool {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return false
		}
		if id == sectionMemory {
			n, ok := r.u32()
			const shared = 2
			return ok && n > 0 && r.left() > 0 && r.bytes[r.pos]&shared != 0
		}
		r.pos += int(size)
	}
	return false
}

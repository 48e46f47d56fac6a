package wazevo

import "unsafe"

// localsArea is the memory for the locals that are set inside of a try_table, of the size that the entry asks for. The
// handler owns it; after a catch its slot in tryHandlers still does, until the next entry, and by then they are loaded.
func (h *tryHandler) localsArea(size uint32) uint64 {
	words := int(size+7) / 8
	if cap(h.locals) < words {
		h.locals = make([]uint64, words)
	}
	if h.locals = h.locals[:words]; words == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(&h.locals[0])))
}

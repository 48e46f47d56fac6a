package nodehost

// StackFrame is where a guest is in a function of a module: Offset is that of its instruction in the code section, or 0
// where the module has nothing that would say where that is in its source.
type StackFrame struct {
	Module any // *wasm.Module
	Index  uint32
	Offset uint64
}

// Walker is a call engine that can say where its guest is: at a poll, and in a host call.
type Walker interface {
	// Walk visits the frames, the innermost first, until visit returns false.
	Walk(visit func(StackFrame) bool)
}

// PushWalker and PopWalker are around a call. Only engines call them; a nil Control has none.
func (c *Control) PushWalker(w Walker) {
	if c != nil {
		c.walkers = append(c.walkers, w)
	}
}
func (c *Control) PopWalker() {
	if c != nil {
		last := len(c.walkers) - 1
		c.walkers[last] = nil
		c.walkers = c.walkers[:last]
	}
}

// Walk visits the frames of all its calls, the innermost first. On their goroutine: in a tick, or in a host call.
func (c *Control) Walk(visit func(StackFrame) bool) {
	more := true
	for i := len(c.walkers) - 1; i >= 0 && more; i-- {
		c.walkers[i].Walk(func(f StackFrame) bool {
			more = visit(f)
			return more
		})
	}
}

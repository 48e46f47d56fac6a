package regalloc

// tick lets the function that registers are allocated for stop that: by a panic.
func (a *Allocator[I, B, F]) tick() {
	if a.looking != nil {
		a.looking.Tick()
	}
}

package amd64

// Tick lets the builder stop what is done for a function: by a panic.
func (f *regAllocFn) Tick() {
	if b, ok := f.ssaB.(interface{ Tick() }); ok {
		b.Tick()
	}
}

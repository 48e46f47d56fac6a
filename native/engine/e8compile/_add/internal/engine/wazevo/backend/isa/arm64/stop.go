package arm64

// Tick lets the builder stop what is done for a function: by a panic.
func (f *regAllocFn) Tick() {
	if f.looking != nil {
		f.looking.Tick()
	}
}

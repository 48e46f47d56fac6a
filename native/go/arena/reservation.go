package arena

// Reservation is a guarded range for a memory that is to be made. It goes to New, or back.
type Reservation struct{ span *span }

// Release gives back a range that no memory has taken; nil has none.
func (r *Reservation) Release() {
	if r != nil && r.span != nil {
		ranges.retire(r.take())
	}
}

func (r *Reservation) take() *span {
	s := r.span
	r.span = nil
	return s
}

// IsGuarded tells whether nothing but this memory can be accessed in the 8 GiB and 64 KiB from its base, which it has until its end.
func (m *Memory) IsGuarded() bool { return m.guarded }

package wasm

// IsGuarded tells whether nothing but this memory can be accessed in the 8 GiB and 16 bytes from its base, for as long as it lives: so says who
// allocates it. One of Go's own is not.
func (m *MemoryInstance) IsGuarded() bool {
	g, ok := m.expBuffer.(interface{ IsGuarded() bool })
	return ok && g.IsGuarded()
}

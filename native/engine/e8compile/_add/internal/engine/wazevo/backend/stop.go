package backend

// tick lets the builder stop what is done for a function: by a panic.
func (c *compiler) tick() {
	if b, ok := c.ssaBuilder.(interface{ Tick() }); ok {
		b.Tick()
	}
}

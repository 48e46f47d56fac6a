package backend

// tick lets the builder stop what is done for a function: by a panic.
func (c *compiler) tick() {
	if c.looking != nil {
		c.looking.Tick()
	}
}

package wazero

// HostFunctions are those that a host module was compiled with, by index; nil: it is none.
func (c *compiledModule) HostFunctions() []any { return c.module.HostFunctions() }

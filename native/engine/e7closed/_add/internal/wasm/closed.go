package wasm

// setExitCode closes the instance for its engine too: from here on none of its functions is entered any more, wherever
// it is called from. Calls that are running are not ended by this.
func (m *ModuleInstance) setExitCode(exitCode uint32, flag exitCodeFlag) bool {
	if !m.storeExitCode(exitCode, flag) {
		return false
	}
	if e, ok := m.Engine.(interface{ ModuleClosed() }); ok {
		e.ModuleClosed()
	}
	return true
}

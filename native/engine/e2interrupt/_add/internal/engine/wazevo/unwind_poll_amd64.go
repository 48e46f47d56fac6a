package wazevo

// unwindPoll is unwindStack for a call that stops in a poll. Here the trampoline makes a frame like a function's.
func unwindPoll(sp, fp, top uintptr, _ bool, _ *executionContext) []uintptr {
	return unwindStack(sp, fp, top, nil)
}

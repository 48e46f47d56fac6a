package wazevo

import "github.com/tetratelabs/wazero/internal/engine/wazevo/backend/isa/arm64"

// unwindPoll is unwindStack for a call that stops in a poll. Here the trampoline makes no frame: the address where the
// guest stopped is the first register that it saves.
func unwindPoll(sp, _, top uintptr, atEntry bool, ec *executionContext) []uintptr {
	return arm64.UnwindPoll(sp, top, uintptr(ec.savedRegisters[0][0]), atEntry)
}

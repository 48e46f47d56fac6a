package nodehost

import "github.com/tetratelabs/wazero/internal/nodehost"

// SetMayAllocate has the host asked before more than a megabyte is allocated for a stack or a table of a guest: where it does not allow
// it, the stack overflows and table.grow is -1. Process-wide.
func SetMayAllocate(may func(bytes uint64) bool) { nodehost.SetMayAllocate(may) }

//go:build wazero_waiting

package wazevo

import (
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend/isa/arm64"
)

var checkedMachine func() backend.Machine

// CompileForArm64 has all that is compiled from then on be code for arm64, which can be looked at and not run.
func CompileForArm64(on bool) {
	checkedMachine = nil
	if on {
		checkedMachine = arm64.NewBackend
	}
}

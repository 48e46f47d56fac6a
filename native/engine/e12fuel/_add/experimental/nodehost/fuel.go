package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// Fuel is what calls may still execute; see there. Control.Fuel has it.
type Fuel = nodehost.Fuel

// NoFuelLimit is the budget of what is counted only.
const NoFuelLimit = nodehost.NoFuelLimit

// ErrOutOfFuel is the trap of a guest whose fuel does not last.
var ErrOutOfFuel error = wasmruntime.ErrRuntimeOutOfFuel

// WithFuelCounted makes CompileModule compile code that counts. It is no part of the module's id: who keeps code does that.
func WithFuelCounted(ctx context.Context) context.Context { return nodehost.WithFuelCounted(ctx) }

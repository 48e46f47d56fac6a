package wazero

import (
	"context"

	binaryformat "github.com/tetratelabs/wazero/internal/wasm/binary"
)

// ValidateModule is CompileModule without what it compiles.
func (r *runtime) ValidateModule(ctx context.Context, binary []byte) error {
	if err := r.failIfClosed(); err != nil {
		return err
	}
	module, err := binaryformat.DecodeModule(binary, r.enabledFeatures, r.memoryLimitPages, r.memoryCapacityFromMax, false, false)
	if err != nil {
		return err
	}
	err = module.ValidateUntil(ctx.Done(), r.enabledFeatures)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

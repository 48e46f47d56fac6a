package wazero

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// MakeExtern makes what the module, a *wasm.Module without code, says: for nodehost.
func (r *runtime) MakeExtern(ctx context.Context, module any, lo, hi uint64) (api.Module, error) {
	if err := r.failIfClosed(); err != nil {
		return nil, err
	}
	m, err := r.store.MakeExtern(ctx, module.(*wasm.Module), lo, hi)
	if err != nil {
		return nil, err
	}
	return m, nil
}

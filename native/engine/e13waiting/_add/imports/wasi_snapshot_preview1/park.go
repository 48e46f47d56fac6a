package wasi_snapshot_preview1

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// parking asks before a read of stdin whether the guest is to stay there. Nothing has been read or written by then, so that the read can be done again.
func parking(read wasiFunc) wasiFunc {
	return func(ctx context.Context, mod api.Module, params []uint64) experimentalsys.Errno {
		if len(params) > 0 && int32(params[0]) == 0 {
			if park := nodehost.ParkOf(ctx); park != nil {
				park(ctx, mod)
			}
		}
		return read(ctx, mod, params)
	}
}

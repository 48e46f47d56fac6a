package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// WithMaxStackBytes makes calls with the returned context end with "stack overflow" when their stack would grow beyond
// this many bytes, instead of upstream's 80 MiB. The first stack has at least 16 KiB; the interpreter, which counts
// frames, does not look at this.
func WithMaxStackBytes(ctx context.Context, bytes int) context.Context {
	return nodehost.WithMaxStackBytes(ctx, bytes)
}

package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// Files counts what an instance has open: Take is false when there are too many.
type Files = nodehost.Files

// WithFiles has connections that instances made with the returned context accept counted: one too many is EMFILE.
func WithFiles(ctx context.Context, files Files) context.Context {
	return nodehost.WithFiles(ctx, files)
}

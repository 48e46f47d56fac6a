package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// WithMaxTableElements limits the tables that an instance made with the returned context defines, together, whoever
// grows them: to grow beyond that fails as to grow beyond the table's own maximum does. A minimum beyond it is an error.
func WithMaxTableElements(ctx context.Context, elements uint32) context.Context {
	return nodehost.WithMaxTableElements(ctx, elements)
}

package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// Tables counts elements for somebody who has a limit of his own.
type Tables = nodehost.Tables

// WithMaxTableElements limits the tables that an instance made with the returned context defines, together, whoever
// grows them: to grow beyond that fails as to grow beyond the table's own maximum does. A minimum beyond it is an error.
// also, which may be nil, is asked as well. It is given back only what an instance that is reset does without.
func WithMaxTableElements(ctx context.Context, elements uint32, also Tables) context.Context {
	return nodehost.WithMaxTableElements(ctx, elements, also)
}

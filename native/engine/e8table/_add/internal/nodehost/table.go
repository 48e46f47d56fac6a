package nodehost

import "context"

type maxTableKey struct{}

// Tables counts elements for somebody who has a limit of his own.
type Tables interface {
	Take(elements uint64) bool
	Give(elements uint64)
}

// TableLimit is what a context says of the tables that an instance defines, together.
type TableLimit struct {
	Most uint32 // 0: nothing is limited
	Also Tables // or nil
}

// WithMaxTableElements limits the tables that an instance made with the returned context defines, together.
func WithMaxTableElements(ctx context.Context, elements uint32, also Tables) context.Context {
	return context.WithValue(ctx, maxTableKey{}, TableLimit{elements, also})
}

// TableLimitOf returns the limit of a context.
func TableLimitOf(ctx context.Context) TableLimit {
	limit, _ := ctx.Value(maxTableKey{}).(TableLimit)
	return limit
}

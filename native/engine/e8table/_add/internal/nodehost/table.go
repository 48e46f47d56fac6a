package nodehost

import "context"

type maxTableKey struct{}

// WithMaxTableElements limits the tables that an instance made with the returned context defines, together.
func WithMaxTableElements(ctx context.Context, elements uint32) context.Context {
	return context.WithValue(ctx, maxTableKey{}, elements)
}

// MaxTableElementsOf returns the limit of a context, or 0.
func MaxTableElementsOf(ctx context.Context) uint32 {
	elements, _ := ctx.Value(maxTableKey{}).(uint32)
	return elements
}

package nodehost

import "context"

type maxStackKey struct{}

// WithMaxStackBytes limits the stack of each call made with the returned context. The compiler's first stack is never
// smaller than 16 KiB; the interpreter counts frames and does not look at this.
func WithMaxStackBytes(ctx context.Context, bytes int) context.Context {
	return context.WithValue(ctx, maxStackKey{}, bytes)
}

// MaxStackBytesOf returns the limit of a context, or 0. Only a stack that grows asks.
func MaxStackBytesOf(ctx context.Context) int {
	bytes, _ := ctx.Value(maxStackKey{}).(int)
	return bytes
}

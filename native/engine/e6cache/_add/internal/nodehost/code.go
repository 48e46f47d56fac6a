package nodehost

import (
	"context"
	"errors"
)

// Exchange is what one compilation takes from a host that keeps machine code, and gives to it.
type Exchange struct {
	// ID stands for the module: the engine finds its code by it. It must be another one for whatever makes other code.
	ID [32]byte
	// Verified promises that this process, or one like it, has validated the very bytes with the same features: function bodies
	// are neither decoded nor validated. The engine must have code of this ID then, or get it here, else the error is ErrNoCode.
	Verified bool
	// Kept promises that the bytes do not change as long as the module is there, and would stay without it: it has slices of them, and no copies.
	Kept bool
	// Data and Code are what Compiled was given. Code is in a code segment that is not executable yet, and belongs to the engine
	// once Taken is set.
	Data, Code []byte
	Taken      bool
	// Compiled, where it is not nil, hears what a compilation has made. code is valid during the call.
	Compiled func(data, code []byte)
}

// ErrNoCode: the code of an Exchange that is Verified has gone. Compile without.
var ErrNoCode = errors.New("the engine has no code of this module")

type exchangeKey struct{}

// WithExchange gives a compilation an Exchange of its own.
func WithExchange(ctx context.Context, x *Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// ExchangeOf returns the Exchange of a context, or nil.
func ExchangeOf(ctx context.Context) *Exchange {
	x, _ := ctx.Value(exchangeKey{}).(*Exchange)
	return x
}

// IsVerified: nil is not.
func (x *Exchange) IsVerified() bool { return x != nil && x.Verified }

// IsKept: of nil they are not.
func (x *Exchange) IsKept() bool { return x != nil && x.Kept }

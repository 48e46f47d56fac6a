package nodehost

import (
	"context"
	"sync/atomic"
)

// Exceptions is how a host has to do with exceptions of guests: the context of a call has one, at ExceptionsKey. They are *wasm.Exception, which
// this package does not know.
type Exceptions interface {
	// Uncaught is told of an exception that ends the call.
	Uncaught(exception any)
	// TakeThrown gives the exception that the host function which has just returned throws; nil: none.
	TakeThrown() any
}

// ExceptionsKey is the key of Exceptions in a context.
type ExceptionsKey struct{}

// Throwing counts exceptions of the host that no engine has taken yet: there is nothing to ask for as long as it is 0.
var Throwing atomic.Int64

func exceptionsOf(ctx context.Context) Exceptions {
	e, _ := ctx.Value(ExceptionsKey{}).(Exceptions)
	return e
}

// Uncaught tells the host.
func Uncaught(ctx context.Context, exception any) {
	if e := exceptionsOf(ctx); e != nil {
		e.Uncaught(exception)
	}
}

// Thrown is asked after each call of a host function. Small, to be inlined.
func Thrown(ctx context.Context) any {
	if Throwing.Load() == 0 {
		return nil
	}
	return thrown(ctx)
}

func thrown(ctx context.Context) any {
	if e := exceptionsOf(ctx); e != nil {
		return e.TakeThrown()
	}
	return nil
}

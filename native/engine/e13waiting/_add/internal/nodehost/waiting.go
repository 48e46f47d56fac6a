package nodehost

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"
)

// ErrParked is what a host function panics with that leaves the guest where it is: the call ends with it, without a trace.
var ErrParked = errors.New("the guest is left where it waits")

type parkKey struct{}

// WithPark has a read of stdin, in a call with the returned context, call this first, with its own context. It may panic with ErrParked.
func WithPark(ctx context.Context, park func(context.Context, api.Module)) context.Context {
	return context.WithValue(ctx, parkKey{}, park)
}

// ParkOf is what WithPark was given, or nil.
func ParkOf(ctx context.Context) func(context.Context, api.Module) {
	park, _ := ctx.Value(parkKey{}).(func(context.Context, api.Module))
	return park
}

package nodehost

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/expctxkeys"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// Waiting is a call that waits in a host function, with its stack; see there.
type Waiting = wasm.Waiting

// WaitingReturn is where a frame of it returns to.
type WaitingReturn = wasm.WaitingReturn

// ResumedCall goes on where another call waited.
type ResumedCall = wasm.ResumedCall

// ErrParked is what a call ends with whose host function has panicked with it: the guest is left where it waits.
var ErrParked = nodehost.ErrParked

// WithPark has a read of stdin, in a call with the returned context, call this before it reads anything, with its own context.
func WithPark(ctx context.Context, park func(context.Context, api.Module)) context.Context {
	return nodehost.WithPark(ctx, park)
}

// FreezeWaiting takes the call of m that waits in a host function, which was given ctx. The call was made with a Snapshotter, and is the only one of m's.
func FreezeWaiting(ctx context.Context, m api.Module) (w *Waiting, obstacle string) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok {
		return nil, "it is a host module"
	}
	call, ok := ctx.Value(expctxkeys.SnapshotterKey{}).(wasm.WaitingCall)
	if !ok {
		return nil, "the interpreter has no stack that can be copied"
	}
	return call.FreezeWaiting(instance)
}

// Resume makes the call of an image go on in m, with that context, which was made of it. The host function returns answer, and zeros behind it, or is called again, where that is nil.
func Resume(ctx context.Context, m api.Module, w *Waiting, answer []uint64) (ResumedCall, error) {
	if instance, ok := m.(*wasm.ModuleInstance); ok {
		if engine, ok := instance.Engine.(wasm.WaitingEngine); ok {
			return engine.Resume(ctx, w, answer)
		}
	}
	return nil, errors.New("only compiled code goes on from where another call waited")
}

// IsStackOverflow: the stack is longer than a call of that context may have.
func IsStackOverflow(err error) bool { return err == wasmruntime.ErrRuntimeStackOverflow }

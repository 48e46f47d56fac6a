package wazevo

import (
	"context"
	"unsafe"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// throwFromHost goes on where the exception is caught that the host function which has returned throws, as throw and throw_ref do.
func (c *callEngine) throwFromHost(ctx context.Context) {
	exn, _ := nodehost.Thrown(ctx).(*wasm.Exception)
	if exn == nil {
		return
	}
	if !c.doHandleException(exn) {
		uncaught(ctx, exn)
	}
	if len(exn.Params) > 0 {
		c.execCtx.exceptionParamsPtr = uintptr(unsafe.Pointer(&exn.Params[0]))
	}
	c.execCtx.exceptionPtr = uintptr(unsafe.Pointer(exn))
}

// uncaughtFromHost is for a host function that is called by its host: nobody else could catch what it throws.
func uncaughtFromHost(ctx context.Context) {
	if exn, _ := nodehost.Thrown(ctx).(*wasm.Exception); exn != nil {
		uncaught(ctx, exn)
	}
}

func uncaught(ctx context.Context, exn *wasm.Exception) {
	nodehost.Uncaught(ctx, exn)
	panic(wasmruntime.ErrRuntimeUncaughtException)
}

package interpreter

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// throwFromHost unwinds to where the exception is caught that the host function which has returned throws.
func (ce *callEngine) throwFromHost(ctx context.Context) {
	if exn, _ := nodehost.Thrown(ctx).(*wasm.Exception); exn != nil {
		ce.thrown = exn
		panic(&thrownException{exception: exn})
	}
}

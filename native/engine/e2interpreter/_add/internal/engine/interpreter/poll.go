package interpreter

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// polling is the part of a callEngine that interrupts its call.
type polling struct {
	control *nodehost.Control    // of the running call, or nil
	most    int                  // values that its stack may hold
	entered *wasm.ModuleInstance // what the running call entered first, if closing it must stop the call, else nil
}

func (ce *callEngine) beginPolling(ctx context.Context) {
	ce.polling.control = nodehost.ControlOf(ctx)
	if ce.polling.most = nodehost.MaxStackBytesOf(ctx) / bytesOfValue; ce.polling.most == 0 {
		ce.polling.most = defaultMaxStack / bytesOfValue
	}
	if ce.f.parent.ensureTermination {
		ce.polling.entered = ce.f.moduleInstance
	}
}

const (
	bytesOfValue    = 8
	defaultMaxStack = 10240 << 13 // the compiler's
)

// limitStack ends recursion by what it takes and not only by its depth: each of 2,000 frames may have 50,000 locals.
func (ce *callEngine) limitStack() {
	if len(ce.stack) > ce.polling.most {
		panic(wasmruntime.ErrRuntimeStackOverflow)
	}
	// A frame takes 4 KiB of Go's stack, which doubles as it grows and cannot fail to.
	if depth := len(ce.frames); depth >= 256 && depth&(depth-1) == 0 && !nodehost.MayAllocate(uint64(depth)*(32<<10)) {
		panic(wasmruntime.ErrRuntimeStackOverflow)
	}
}

func (ce *callEngine) endPolling() { ce.polling = polling{} }

// poll runs what is pending and panics if that ends the call. Function entries (f is the function, its frame is on the
// stack), tail calls and, in modules compiled with WithCloseOnContextDone, loop heads come here.
func (ce *callEngine) poll(f *function) {
	p := &ce.polling
	if p.control.Pending() {
		if err := p.control.Poll(); err != nil {
			panic(err)
		}
	}
	if f.parent.ensureTermination && f.moduleInstance.Closed.Load() != 0 {
		panic(f.moduleInstance.FailIfClosed())
	}
	if p.entered != nil && p.entered.Closed.Load() != 0 {
		panic(p.entered.FailIfClosed())
	}
}

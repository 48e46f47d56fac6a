package interpreter

import (
	"context"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// polling is the part of a callEngine that interrupts its call.
type polling struct {
	control *nodehost.Control    // of the running call, or nil
	entered *wasm.ModuleInstance // what the running call entered first, if closing it must stop the call, else nil
}

func (ce *callEngine) beginPolling(ctx context.Context) {
	ce.polling.control = nodehost.ControlOf(ctx)
	if ce.f.parent.ensureTermination {
		ce.polling.entered = ce.f.moduleInstance
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

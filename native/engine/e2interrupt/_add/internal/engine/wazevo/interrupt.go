package wazevo

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// interruption is the part of a callEngine that interrupts its call: at a poll, which is a function entry or a loop
// head, native code compares the stack pointer with execCtx.stackBottomPtr and exits with ExitCodeGrowStack if that is
// poisoned. The exit keeps all registers, so the guest can go on.
type interruption struct {
	run     nodehost.Run
	control *nodehost.Control // of the running call, or nil
	closed  *atomic.Uint64    // ModuleInstance.Closed if closing the module must stop the running call, else nil
	at      pollPlace
}

// pollPlace is where a guest is that stops in a poll: it decides how its stack is unwound.
type pollPlace byte

const (
	notPolling pollPlace = iota
	pollAtLoop
	pollAtEntry
)

// beginCall makes the call that is about to enter native code interruptible. What is pending already is seen at its
// first function entry.
func (c *callEngine) beginCall(ctx context.Context) {
	c.at = notPolling
	c.execCtx.stackGrowRequiredSize = 0 // of a call that overflowed its stack
	if wazevoapi.AlwaysPoll {
		c.run.Poison()
	}
	if c.control = nodehost.ControlOf(ctx); c.control != nil {
		c.control.Enter(&c.run)
	}
	if c.parent.parent.ensureTermination {
		c.closed = &c.parent.module.Closed
		c.parent.running.add(c)
		if c.closed.Load() != 0 {
			c.run.Poison()
		}
	}
}

func (c *callEngine) endCall() {
	if c.closed != nil {
		c.closed = nil
		c.parent.running.remove(c)
	}
	if c.control != nil {
		c.control.Leave(&c.run)
		c.control = nil
	}
}

// armStackLimit stores the limit of the current stack where polls find it. Whoever has changed the stack calls this.
// It may undo a poison, so it looks for the cause of one afterwards; who interrupts stores the cause first.
func (c *callEngine) armStackLimit() {
	c.setStackLimit(c.stackBottom())
	if wazevoapi.AlwaysPoll || c.control.Pending() || c.closed != nil && c.closed.Load() != 0 {
		c.run.Poison()
	}
}

// setStackLimit is atomic because of Poison. c.stack keeps the stack alive.
func (c *callEngine) setStackLimit(limit *byte) {
	atomic.StoreUintptr((*uintptr)(unsafe.Pointer(&c.execCtx.stackBottomPtr)), uintptr(unsafe.Pointer(limit)))
}

// poll handles ExitCodeGrowStack: it does what is pending, panics if that ends the call, and tells whether the stack
// has to grow, too.
func (c *callEngine) poll() (grow bool) {
	ec := &c.execCtx
	// A function entry stores what it needs before it calls the trampoline, a loop head does not; every exit resets it.
	required := ec.stackGrowRequiredSize
	ec.stackGrowRequiredSize = 0

	c.armStackLimit()
	c.at = pollAtLoop
	if required != 0 {
		c.at = pollAtEntry
	}
	if err := c.control.Poll(); err != nil {
		panic(err)
	}
	if c.closed != nil {
		if err := c.parent.module.FailIfClosed(); err != nil {
			panic(err)
		}
	}
	c.at = notPolling

	// The stack pointer is at most slack below the one the guest compared. Growing a little early does no harm.
	const slack = 64
	sp := uintptr(unsafe.Pointer(ec.stackPointerBeforeGoCall))
	if required == 0 || sp > uintptr(unsafe.Pointer(c.stackBottom()))+required+slack {
		return false
	}
	ec.stackGrowRequiredSize = required
	return true
}

// unwindStopped returns the return addresses on the stack of a call that has left native code, the newest first.
func (c *callEngine) unwindStopped() []uintptr {
	sp, fp := uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall)), c.execCtx.framePointerBeforeGoCall
	if c.at != notPolling {
		return unwindPoll(sp, fp, c.stackTop, c.at == pollAtEntry, &c.execCtx)
	}
	return unwindStack(sp, fp, c.stackTop, nil)
}

// skipListener is asked for each frame of unwindStopped, the newest first: a function that stops at its entry, or at the
// entry of the trampoline to its listener's Before, has not told its listener that it began, so it does not tell its end.
func (c *callEngine) skipListener(def api.FunctionDefinition, addr uintptr) bool {
	if c.at != pollAtEntry || def == nil && c.parent.parent.parent.isBefore(addr) {
		return false
	}
	c.at = notPolling
	return def != nil
}

// isBefore tells whether this address is in a trampoline to a listener's Before.
func (e *engine) isBefore(addr uintptr) bool {
	e.mux.RLock()
	defer e.mux.RUnlock()
	for _, t := range e.sharedFunctions.listenerTrampolines {
		if uintptr(unsafe.Pointer(t.before)) <= addr && addr < uintptr(unsafe.Pointer(t.after)) {
			return true
		}
	}
	return false
}

// runningCalls are the calls of a module compiled with WithCloseOnContextDone that run. Mostly there is one at most,
// which needs no lock.
type runningCalls struct {
	one  atomic.Pointer[callEngine]
	mux  sync.Mutex
	more map[*callEngine]struct{}
}

func (r *runningCalls) add(c *callEngine) {
	if r.one.CompareAndSwap(nil, c) {
		return
	}
	r.mux.Lock()
	defer r.mux.Unlock()
	if r.more == nil {
		r.more = map[*callEngine]struct{}{}
	}
	r.more[c] = struct{}{}
}

func (r *runningCalls) remove(c *callEngine) {
	if r.one.Load() == c {
		r.one.Store(nil)
		return
	}
	r.mux.Lock()
	defer r.mux.Unlock()
	delete(r.more, c)
}

// InterruptCalls makes the calls of a module look whether it has been closed. Any thread.
func (m *moduleEngine) InterruptCalls() {
	r := &m.running
	if c := r.one.Load(); c != nil {
		c.run.Poison()
	}
	r.mux.Lock()
	defer r.mux.Unlock()
	for c := range r.more {
		c.run.Poison()
	}
}

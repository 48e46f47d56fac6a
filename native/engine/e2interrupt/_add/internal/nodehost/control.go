// Package nodehost lets a host interrupt a running guest and let it go on.
package nodehost

import (
	"context"
	"math"
	"sync/atomic"
)

// Control interrupts the calls made with its context (WithControl). Only one goroutine at a time may be inside such
// calls; they nest when a host function calls back into a guest.
type Control struct {
	tick    func() error
	wait    func(until func(stop <-chan struct{}))
	pending atomic.Bool         // Interrupt has been called, tick has not run yet
	top     atomic.Pointer[Run] // innermost run
}

// NewControl makes a Control.
//
// tick runs after an Interrupt, on the guest's own goroutine at its next poll: a function entry, or a loop head of a
// module compiled with WithCloseOnContextDone. nil lets the guest go on where it was; an error ends the call as a panic
// with that error does in a host function. tick may block, but must not call a function of the interrupted call, nor
// let a memory that the guest uses and that is not shared move.
//
// wait, which may be nil, surrounds what blocks inside the engine (memory.atomic.wait): it runs until, which returns
// early when the channel it is given closes.
func NewControl(tick func() error, wait func(until func(stop <-chan struct{}))) *Control {
	return &Control{tick: tick, wait: wait}
}

// Interrupt makes the guest run tick at its next poll. Any thread, at any time, without waiting for anything: before
// native code starts, during a host call and while the stack grows it is kept for the next poll. Several calls before
// one poll make one tick.
func (c *Control) Interrupt() {
	c.pending.Store(true)
	if r := c.top.Load(); r != nil {
		r.Poison()
	}
}

// Pending tells whether Poll would run tick. A nil Control never has anything pending.
func (c *Control) Pending() bool { return c != nil && c.pending.Load() }

// Poll runs tick if there was an Interrupt. Only engines call this, on the guest's goroutine.
func (c *Control) Poll() error {
	if c == nil || !c.pending.Swap(false) {
		return nil
	}
	return c.tick()
}

// Wait runs until the way the host wants it. Without a host's way stop is nil: it never closes.
func (c *Control) Wait(until func(stop <-chan struct{})) {
	if c == nil || c.wait == nil {
		until(nil)
		return
	}
	c.wait(until)
}

// Run is a call engine running native code: the word that its polls compare the stack pointer with.
type Run struct {
	limit *uintptr
	below *Run
}

// Poison is the stack limit no stack pointer is above: the largest number for the signed comparison of arm64, and more
// than any address for the unsigned one of amd64.
const Poison = math.MaxInt64

// Init must come before everything else. limit belongs to the engine, which looks for what is pending whenever it has
// stored a real limit there: that store may have undone a Poison.
func (r *Run) Init(limit *uintptr) { r.limit = limit }

// Poison makes the next poll leave native code. Poison of an engine whose call has ended meanwhile does no harm: its
// next call polls once for nothing.
func (r *Run) Poison() { atomic.StoreUintptr(r.limit, Poison) }

// Enter makes r the innermost run. The engine polls at its first function entry if something is pending already.
func (c *Control) Enter(r *Run) {
	r.below = c.top.Load()
	c.top.Store(r)
	if c.pending.Load() {
		r.Poison()
	}
}

// Leave ends the innermost run. What came too late for its polls is for the run below.
func (c *Control) Leave(r *Run) {
	below := r.below
	r.below = nil
	c.top.Store(below)
	if below != nil && c.pending.Load() {
		below.Poison()
	}
}

type controlKey struct{}

type controlContext struct {
	context.Context
	control *Control
}

func (c *controlContext) Value(key any) any {
	if key == (controlKey{}) {
		return c.control
	}
	return c.Context.Value(key)
}

// WithControl makes calls with the returned context interruptible by c.
func WithControl(ctx context.Context, c *Control) context.Context { return &controlContext{ctx, c} }

// ControlOf returns the Control of a context, or nil.
func ControlOf(ctx context.Context) *Control {
	if c, ok := ctx.(*controlContext); ok {
		return c.control
	}
	c, _ := ctx.Value(controlKey{}).(*Control)
	return c
}

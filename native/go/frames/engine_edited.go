//go:build !wazero_upstream

package frames

import (
	"context"

	"github.com/tetratelabs/wazero/experimental/nodehost"

	"wazeronode/slots"
)

// control interrupts the guest of one frame through edit E2: at its next poll the guest runs Frame.tick.
type control struct{ inner *nodehost.Control }

func newControl(f *Frame) *control { return &control{nodehost.NewControl(f.tick, f.Wait)} }

func (c *control) attach(ctx context.Context) context.Context {
	return nodehost.WithControl(ctx, c.inner)
}
func (c *control) interrupt()              { c.inner.Interrupt() }
func (c *control) close()                  {}
func (c *control) deliveredBy(uint32) bool { return false }

// Walk visits where the guest is, the innermost function first: where it has stopped, on the frame's own goroutine.
func (f *Frame) Walk(visit func(nodehost.StackFrame) bool) { f.control.inner.Walk(visit) }

// The fuel of the frame's calls (edit e12fuel): nested ones may share it.
type fuel struct{ inner *nodehost.Fuel }

const noFuelLimit = nodehost.NoFuelLimit

var errOutOfFuel = nodehost.ErrOutOfFuel

func newFuel(budget int64) *fuel {
	f := &fuel{new(nodehost.Fuel)}
	f.inner.Init(budget)
	return f
}
func (c *control) burn(f *fuel)       { c.inner.Fuel = f.inner }
func (f *fuel) left() int64           { return f.inner.Left() }
func (f *fuel) charge(amount int64)   { f.inner.Charge(amount) }
func (f *fuel) attach(counter *int64) { f.inner.Attach(counter) }

// defaultSlots: a running guest is an OS thread of its own beside Go's processors.
func defaultSlots() int { return slots.Processors() }

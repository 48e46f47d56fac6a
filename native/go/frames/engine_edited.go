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

// defaultSlots: a running guest is an OS thread of its own beside Go's processors.
func defaultSlots() int { return slots.Processors() }

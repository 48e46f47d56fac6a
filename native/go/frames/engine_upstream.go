//go:build wazero_upstream

package frames

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/sys"

	"wazeronode/slots"
)

// control without edits: a context that is cancelled. It reaches loops of modules compiled with close-on-context-done only, and
// cannot resume: ticks for time slices or a terminated Worker do not exist here.
type control struct {
	frame  *Frame
	cancel context.CancelFunc
	ctx    context.Context
}

func newControl(f *Frame) *control { return &control{frame: f} }

func (c *control) attach(ctx context.Context) context.Context {
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	c.ctx, c.cancel = context.WithCancel(ctx)
	if c.frame.stop.Load() != 0 {
		c.cancel()
	}
	return c.ctx
}

func (c *control) interrupt() {
	if c.frame.stop.Load() == 0 {
		return
	}
	c.frame.mu.Lock()
	defer c.frame.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}

func (c *control) close() {
	if c.cancel != nil {
		c.cancel()
	}
}

func (c *control) deliveredBy(exitCode uint32) bool { return exitCode == sys.ExitCodeContextCanceled }

// fuel: without edits nothing counts, and no runtime is made that should.
type fuel struct{}

const noFuelLimit = 1<<63 - 1

var errOutOfFuel = errors.New("out of fuel")

func newFuel(int64) *fuel     { return nil }
func (c *control) burn(*fuel) {}
func (f *fuel) left() int64   { return noFuelLimit }
func (f *fuel) charge(int64)  {}
func (f *fuel) attach(*int64) {}

// defaultSlots: a running guest holds a Go processor, and a synchronous call on the JS thread needs one too.
func defaultSlots() int { return max(1, slots.Processors()-1) }

//go:build wazero_upstream

package main

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/jail"
	"wazeronode/slots"
)

const engineEdited = false

// control without edits: a context that is cancelled. It reaches loops of modules compiled with close-on-context-done only, and
// cannot resume: ticks for time slices or a terminated Worker do not exist here.
type control struct {
	frame  *frame
	cancel context.CancelFunc
	ctx    context.Context
}

func newControl(f *frame) *control { return &control{frame: f} }

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

type progress struct{} // wazero tells nobody

func (p *progress) attach(ctx context.Context) context.Context { return ctx }
func (p *progress) read() (done, functions uint32)             { return 0, 0 }

func functionDefinitionOf(api.Module, uint64) (api.FunctionDefinition, bool) { return nil, false }

// defaultSlots: a running guest holds a Go processor, and a synchronous call on the JS thread needs one too.
func defaultSlots() int { return max(1, slots.Processors()-1) }

func globalWords(g api.Global) (lo, hi uint64)         { return g.Get(), 0 }
func setGlobalWords(g api.MutableGlobal, lo, _ uint64) { g.Set(lo) }

// directFunction has no implementation here: every call goes through Go.
type directFunction interface {
	DirectEntry() (entry directEntry, ok bool)
	Lend(context.Context, []byte)
	TakeBack()
	Interrupt()
	WithSnapshots(context.Context) context.Context
	FailIfClosed() error
}
type directEntry struct {
	Preamble, Executable, ExecutionContext, ModuleContext, Closed                         uintptr
	Words                                                                                 int
	HostWords                                                                             uintptr
	ExitCode, CallerModule, StackLimit, ReturnAddress, StackPointer, Callee, FramePointer uintptr
}

func directOf(api.Module, api.Function) directFunction { return nil }
func stackHeadroom() int                               { return 0 }

func withStackLimit(ctx context.Context, _ uint64) context.Context { return ctx } // wazero has no such limit

func withTableLimit(ctx context.Context, _ uint32) context.Context { return ctx } // only the pre-scan limits tables

func withFiles(ctx context.Context, _ *jail.OpenFiles) context.Context { return ctx }

func askBeforeAllocating(func(bytes uint64) bool) {}

// importedBy is not known to upstream: what it was told is what it links.
func importedBy(api.Module) []api.Module { return nil }

func waitForSockets(func(fd uintptr, write bool, ready func()) (cancel func(), ok bool)) {}

package main

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
)

// frame is a frames.Frame with what host functions, listeners and logs keep for as long as it lasts. But for what JavaScript asks for while it
// answers, only the frame's own goroutine looks.
type frame struct {
	frames.Frame
	module *moduleState // whose function is called, or which is being instantiated

	callerInner api.Module // whose host call was the last, and its handle
	caller      handles.Handle
	heard       []heardCall // calls that a listener hears, outermost first
	logs        map[*logTarget]*frameLog

	// of the host function in JavaScript that the guest is in; JavaScript uses them while it answers
	hostContext context.Context
	snapshots   []experimental.Snapshot
	restore     *restoration
	exceptions  exceptions
	answered    *frames.Reply // of the host function that a direct call left C++ for
	question    chan struct{} // of an express call that C++ left at a question of its own: closed once the goroutine waits there, too
}

// askedAlready stands for the answer that JavaScript has not given yet to the question that C++ has asked.
var askedAlready frames.Reply

// newFrame registers the frame: from here on wz_frame_stop finds it. Its deadline runs.
func newFrame(o frames.Options, m *moduleState) (*frame, error) {
	e, err := findEnv(o.Env)
	if err != nil {
		return nil, err
	}
	f := &frame{module: m}
	f.Init(o, &m.Member, func() {
		f.exceptions.drop()
		e.removeFrame(f)
	})
	if !e.addFrame(f) {
		return nil, failure.Closed("the environment has ended")
	}
	f.StartDeadline(o.Timeout)
	return f, nil
}

// frameContext carries the frame through wazero to the host functions.
type frameContext struct {
	context.Context
	frame *frame
}

type frameKey struct{}

func (c *frameContext) Value(key any) any {
	switch key {
	case frameKey{}:
		return c.frame
	case exceptionsKey{}:
		return frameExceptions{c.frame}
	}
	return c.Context.Value(key)
}

func frameOf(ctx context.Context) *frame {
	f, _ := ctx.Value(frameKey{}).(*frame)
	return f
}

func (f *frame) context() context.Context {
	base := context.Background()
	if f.module.rt.hasHostFunctions.Load() || f.module.config != nil && f.module.config.freezeAtStdin {
		base = snapshotting
	}
	return f.Attach(withStackLimit(&frameContext{base, f}, f.module.callStackBytes()))
}

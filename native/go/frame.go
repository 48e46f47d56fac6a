package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/failure"
	"wazeronode/handles"
	"wazeronode/slots"
)

// frame is one entry into a guest: a call or an instantiation, on the JS thread (sync lane) or on a goroutine (async lane).
type frame struct {
	id     uint64
	env    *env
	lane   uint32
	group  *group
	below  *frame        // in the group, nil: outermost
	done   chan struct{} // closed at the end; only for frames with one below
	start  time.Time
	module *moduleState // whose function is called, or which is being instantiated

	control *control
	timer   *time.Timer

	stop        atomic.Uint64 // 0, or stopBit | reason << 32 | exit code: first one wins
	delivered   atomic.Bool   // the stop has unwound the guest
	hasSlot     bool          // only the frame's own goroutine looks; so for the two below
	callerInner api.Module    // whose host call was the last, and its handle
	caller      handles.Handle
	heard       []heardCall // calls that a listener hears, outermost first
	logs        map[*logTarget]*frameLog

	// of the host function in JavaScript that the guest is in; JavaScript uses them while it answers
	hostContext context.Context
	snapshots   []experimental.Snapshot
	restore     *restoration
	answered    *reply        // of the host function that a direct call left C++ for
	question    chan struct{} // of an express call that C++ left at a question of its own: closed once the goroutine waits there, too

	mu      sync.Mutex
	stopCh  chan struct{} // made on first use
	replies chan reply
	ahead   ahead
}

type reply struct {
	status uint32
	words  []uint64
	bytes  []byte
}

// askedAlready stands for the answer that JavaScript has not given yet to the question that C++ has asked.
var askedAlready reply

const stopBit = 1 << 63

// stopExit (beside WZ_STOP_*): a frame above closed the module by proc_exit, so this one ends the same way.
const stopExit = 4

func stopWord(reason, exitCode uint32) uint64 {
	switch reason {
	case abi.StopTimeout:
		exitCode = sys.ExitCodeDeadlineExceeded
	case abi.StopAbort:
		exitCode = sys.ExitCodeContextCanceled
	}
	return stopBit | uint64(reason)<<32 | uint64(exitCode)
}

// frameOptions is wz_frame_options: see there.
type frameOptions struct {
	env, frame uint64
	lane       uint32
	timeout    time.Duration // negative: it is over
}

// newFrame registers the frame: from here on wz_frame_stop finds it. Its deadline runs.
func newFrame(o frameOptions, g *group, m *moduleState) (*frame, error) {
	e, err := findEnv(o.env)
	if err != nil {
		return nil, err
	}
	f := &frame{id: o.frame, env: e, lane: o.lane, group: g, module: m, start: time.Now()}
	if f.lane == abi.LaneAsync {
		f.replies = make(chan reply, 1)
	}
	f.control = newControl(f)
	if !e.addFrame(f) {
		return nil, failure.Closed("the environment has ended")
	}
	if o.timeout < 0 { // it was over when C++ left the call to us
		f.stopSelf(stopWord(abi.StopTimeout, 0))
	} else if o.timeout > 0 {
		f.timer = time.AfterFunc(o.timeout, func() { f.stopAll(stopWord(abi.StopTimeout, 0)) })
	}
	return f, nil
}

// frameContext carries the frame through wazero to the host functions.
type frameContext struct {
	context.Context
	frame *frame
}

type frameKey struct{}

func (c *frameContext) Value(key any) any {
	if key == (frameKey{}) {
		return c.frame
	}
	return c.Context.Value(key)
}

func frameOf(ctx context.Context) *frame {
	f, _ := ctx.Value(frameKey{}).(*frame)
	return f
}

func (f *frame) context() context.Context {
	base := context.Background()
	if f.module.rt.hasHostFunctions.Load() {
		base = snapshotting
	}
	return f.control.attach(withStackLimit(&frameContext{base, f}, f.module.callStackBytes()))
}

// enter makes the frame the runner of its group; an error means that it was stopped before anything ran.
func (f *frame) enter() error {
	if f.lane == abi.LaneAsync {
		if !pool.Acquire(f, false) {
			f.finish()
			return f.notStarted()
		}
		f.hasSlot = true
	} else {
		watchSync(f)
	}
	f.push()
	if f.stop.Load() != 0 {
		f.leave()
		return f.notStarted()
	}
	return nil
}

func (f *frame) leave() {
	f.settleAbove()
	f.pop()
	f.control.close()
	f.giveSlot()
	if f.lane == abi.LaneSync {
		unwatchSync(f)
	}
	f.finish()
}

func (f *frame) giveSlot() {
	if f.hasSlot {
		f.hasSlot = false
		pool.Release(f)
	}
}

func (f *frame) finish() {
	if f.timer != nil {
		f.timer.Stop()
	}
	f.env.removeFrame(f)
}

func (f *frame) notStarted() error {
	reason := stopReason(f.stop.Load())
	if reason == "close" {
		return failure.Closed("the module was closed before the call started")
	}
	return &failure.Error{Code: failure.CodeAborted, Message: "the call was stopped before it started", Reason: reason}
}

func stopReason(word uint64) string {
	switch uint32(word>>32) & 0xff {
	case abi.StopTimeout:
		return "timeout"
	case abi.StopAbort:
		return "abort"
	case stopExit:
		return "exit"
	}
	return "close"
}

// stopAll stops the frame and those above it. Any thread.
func (f *frame) stopAll(word uint64) {
	f.stopSelf(word)
	for top := f.group.find().top.Load(); top != nil && top != f; top = top.below {
		top.stopSelf(word)
	}
}

func (f *frame) stopSelf(word uint64) {
	// Under the lock: stopped must not see the stop and close the channel before this does.
	f.mu.Lock()
	first := f.stop.CompareAndSwap(0, word)
	if first && f.stopCh != nil {
		close(f.stopCh)
	}
	f.mu.Unlock()
	if !first {
		return
	}
	f.control.interrupt()
	f.module.interruptFiles()
	f.group.interruptFiles()
}

// pool is of this process: with edit E1 each guest that runs is one OS thread.
var pool = slots.NewPool(defaultSlots())

func (f *frame) Share() *slots.Share      { return &f.module.rt.share }
func (f *frame) Stopped() <-chan struct{} { return f.stopped() }
func (f *frame) Interrupt()               { f.control.interrupt() }

func (f *frame) stopped() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopCh == nil {
		f.stopCh = make(chan struct{})
		if f.stop.Load() != 0 {
			close(f.stopCh)
		}
	}
	return f.stopCh
}

// exitIfStopped unwinds the guest when the frame has been stopped. Only where the guest may unwind: in a host function or a tick.
func (f *frame) exitIfStopped() {
	if err := f.exitError(); err != nil {
		panic(err)
	}
}

func (f *frame) exitError() error {
	word := f.stop.Load()
	if word == 0 {
		return nil
	}
	f.delivered.Store(true)
	return sys.NewExitError(uint32(word))
}

// tick runs at a poll of the guest after control.interrupt, on the guest's own goroutine.
func (f *frame) tick() error {
	if err := f.exitError(); err != nil {
		return err
	}
	if f.lane == abi.LaneSync {
		if !alive(f.env.id) { // worker.terminate(), process.exit(): nobody will take the answer
			f.stopSelf(stopWord(abi.StopClose, 0))
		}
	} else if f.hasSlot && pool.Over(f) {
		pool.Release(f)
		f.hasSlot = pool.Acquire(f, false)
	}
	return f.exitError()
}

// wait gives the slot back, runs until (which must return when the channel closes, and not panic) and takes a slot again. It unwinds
// the guest when the frame was stopped.
func (f *frame) wait(until func(stop <-chan struct{})) {
	f.pause(until)
	f.exitIfStopped()
}

// pause is wait where the guest must not be unwound.
func (f *frame) pause(until func(stop <-chan struct{})) {
	if f.lane == abi.LaneSync {
		f.waitSync(until)
		return
	}
	f.giveSlot()
	until(f.stopped())
	f.settleAbove()
	if f.stop.Load() == 0 {
		f.hasSlot = pool.Acquire(f, true)
	}
}

// waitSync holds the JS thread, and looks meanwhile whether JavaScript was terminated: only this thread can ask.
func (f *frame) waitSync(until func(stop <-chan struct{})) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		until(f.stopped())
	}()
	look := time.NewTicker(syncLook)
	defer look.Stop()
	for {
		select {
		case <-done:
			return
		case <-look.C:
			if !alive(f.env.id) {
				f.stopSelf(stopWord(abi.StopClose, 0))
			}
		}
	}
}

// sleep is a sleep of the guest: it ends early when the frame is stopped, and then unwinds.
func (f *frame) sleep(d time.Duration) {
	f.wait(func(stop <-chan struct{}) {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-stop:
		}
	})
}

// upcall asks JavaScript and unwinds the guest when it threw. The answer lands in words and bytes; n is how many bytes came.
func (f *frame) upcall(m *abi.Message, words []uint64, bytes []byte) (n int) {
	m.Frame, m.ResultCount, m.ResultBytes = f.id, len(words), len(bytes)
	var status uint32
	if f.lane == abi.LaneSync {
		status, n = upcall(f.env.id, m, words, bytes)
	} else {
		f.waitTaken(0) // JavaScript hears things in their order, also where a sink is late
		if !post(f.env.id, m) {
			f.stopSelf(stopWord(abi.StopClose, 0))
			f.exitIfStopped()
		}
		status, n = f.receive(words, bytes)
	}
	f.settle(status)
	return n
}

// receive waits for the answer of JavaScript; async lane.
func (f *frame) receive(words []uint64, bytes []byte) (status uint32, n int) {
	f.wait(func(stop <-chan struct{}) {
		select {
		case r := <-f.replies:
			status = r.status
			copy(words, r.words)
			n = copy(bytes, r.bytes)
		case <-stop:
		}
	})
	return status, n
}

// settle unwinds the guest unless JavaScript has answered well and the frame may go on.
func (f *frame) settle(status uint32) {
	f.exitIfStopped()
	switch status {
	case abi.ReplyOK:
		return
	case abi.ReplyDead:
		f.stopSelf(stopWord(abi.StopClose, 0))
		f.exitIfStopped()
	}
	panic(&failure.Host{WouldBlock: status == abi.ReplyWouldBlock})
}

// ---- sync frames are looked at every 50 ms: a terminated Worker must not stay in its guest for ever

const syncLook = 50 * time.Millisecond

var syncWatch struct {
	mu      sync.Mutex
	frames  map[*frame]struct{}
	running bool
}

func watchSync(f *frame) {
	w := &syncWatch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frames == nil {
		w.frames = map[*frame]struct{}{}
	}
	w.frames[f] = struct{}{}
	if w.running {
		return
	}
	w.running = true
	go func() {
		for {
			time.Sleep(syncLook)
			w.mu.Lock()
			if len(w.frames) == 0 {
				w.running = false
				w.mu.Unlock()
				return
			}
			for f := range w.frames {
				if time.Since(f.start) > syncLook {
					f.control.interrupt()
				}
			}
			w.mu.Unlock()
		}
	}()
}

func unwatchSync(f *frame) {
	syncWatch.mu.Lock()
	delete(syncWatch.frames, f)
	syncWatch.mu.Unlock()
}

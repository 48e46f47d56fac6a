package frames

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"wazeronode/abi"
	"wazeronode/failure"
	"wazeronode/slots"
)

// Frame is one entry into a guest: a call or an instantiation, on the JS thread (synchronous lane) or on a goroutine (asynchronous lane).
type Frame struct {
	id, env uint64
	lane    uint32
	member  *Member       // whose function is called, or which is being instantiated
	below   *Frame        // in the group, nil: outermost
	done    chan struct{} // closed at the end; only for frames with one below
	start   time.Time
	ended   func() // it is not to be found any more

	control *control
	timer   *time.Timer

	stop      atomic.Uint64 // 0, or stopBit | reason << 32 | exit code: first one wins
	delivered atomic.Bool   // the stop has unwound the guest
	hasSlot   bool          // only the frame's own goroutine looks
	charged                 // likewise

	burning burning
	samples samples

	// Uncaught describes the exception that nobody caught, where there is one. Only the frame's own goroutine looks.
	Uncaught func() *failure.Exception

	mu      sync.Mutex
	stopCh  chan struct{} // made on first use
	replies chan Reply    // nil in the synchronous lane
	ahead   ahead
}

// Options is wz_frame_options: see there.
type Options struct {
	Env, Frame uint64
	Lane       uint32
	Timeout    time.Duration // negative: it is over
	Fuel       uint64        // 0: no limit; else one more than the budget
	CPU, Ran   time.Duration // for which the guest may run, 0: no limit; for which it has, where C++ has begun it
}

// Init makes the frame ready to be found by its number; ended is called once, when it is not to be found any more.
func (f *Frame) Init(o Options, m *Member, ended func()) {
	f.id, f.env, f.lane, f.member, f.start, f.ended = o.Frame, o.Env, o.Lane, m, time.Now(), ended
	if f.lane == abi.LaneAsync {
		f.replies = make(chan Reply, 1)
	}
	f.account, f.limit = m.Self.Account(), o.CPU
	f.tenant = f.account.Tenant()
	f.spent.Store(int64(o.Ran))
	f.control = newControl(f)
	f.burning.asked = o.Fuel
}

// StartDeadline is for a frame that can be found: its time runs from now on.
func (f *Frame) StartDeadline(timeout time.Duration) {
	if timeout < 0 { // it was over when C++ left the call to us
		f.StopSelf(StopWord(abi.StopTimeout, 0))
	} else if timeout > 0 {
		f.timer = time.AfterFunc(timeout, func() { f.StopAll(StopWord(abi.StopTimeout, 0)) })
	}
}

// ID is the number that JavaScript gave it.
func (f *Frame) ID() uint64 { return f.id }

// IsAsync is whether the guest runs off the JS thread.
func (f *Frame) IsAsync() bool { return f.lane == abi.LaneAsync }

// IsOutermost: nothing else of its group is on the stack. Once it has entered.
func (f *Frame) IsOutermost() bool { return f.below == nil }

// Below is the frame of its group that waits below it, or nil. Once it has entered.
func (f *Frame) Below() *Frame { return f.below }

// Attach has the guest of the context be interrupted with the frame.
func (f *Frame) Attach(ctx context.Context) context.Context { return f.control.attach(ctx) }

// Pool is of this process: with edit E1 each guest that runs is one OS thread.
var Pool = slots.NewPool(defaultSlots())

// Share, Stopped and Interrupt are slots.Guest.
func (f *Frame) Share() *slots.Share { return f.member.Self.Share() }

// Interrupt has the guest come by tick at its next poll. Any thread.
func (f *Frame) Interrupt() { f.control.interrupt() }

// Enter makes the frame the runner of its group; an error means that it was stopped before anything ran.
func (f *Frame) Enter() error {
	if err := f.admit(); err != nil {
		f.count(err)
		f.Finish()
		return err
	}
	f.EnterRunning()
	if f.stop.Load() != 0 {
		err := f.NotStarted()
		f.count(err)
		f.leave()
		return err
	}
	f.GoOn()
	return nil
}

// EnterRunning is Enter for a guest that runs already, on a thread that needs no slot.
func (f *Frame) EnterRunning() {
	if !f.IsAsync() {
		watchSync(f)
	}
	f.push()
	f.beginFuel()
}

func (f *Frame) leave() {
	f.settleAbove()
	f.endFuel()
	f.pop()
	f.control.close()
	f.GiveSlot()
	f.ahead.drop()
	if !f.IsAsync() {
		unwatchSync(f)
	}
	f.Finish()
}

// TakeSlot waits for the right to run; resumed: it comes back from a wait.
func (f *Frame) TakeSlot(resumed bool) {
	if f.acquire(resumed) {
		f.GoOn()
	}
}

// acquire waits for the budget of its tenant, then for a slot; false where it was stopped.
func (f *Frame) acquire(resumed bool) bool {
	for f.hasBudget() {
		if f.hasSlot = Pool.Try(f); !f.hasSlot {
			began := f.account.BeginWait()
			f.hasSlot = Pool.Acquire(f, resumed)
			f.waited += f.account.EndWait(began)
		}
		if !f.hasSlot {
			return false
		}
		if f.budgetLeft() { // it may have gone while this waited for a slot
			return true
		}
		f.hasSlot = false
		Pool.Release(f, 0)
	}
	return false
}

// GiveSlot lets others run; nothing where it has none.
func (f *Frame) GiveSlot() {
	f.rest()
	if f.hasSlot {
		f.hasSlot = false
		Pool.Release(f, f.turn)
		f.turn = 0
	}
}

// Finish is the end of a frame that was not entered, or has left.
func (f *Frame) Finish() {
	if f.timer != nil {
		f.timer.Stop()
	}
	f.endCall()
	f.giveWay()
	f.ended()
}

// NotStarted is what a call ends with that was stopped before its guest ran.
func (f *Frame) NotStarted() *failure.Error {
	reason := StopReason(f.stop.Load())
	if reason == "close" {
		return failure.Closed("the module was closed before the call started")
	}
	return &failure.Error{Code: failure.CodeAborted, Message: "the call was stopped before it started", Reason: reason}
}

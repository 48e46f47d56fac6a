package frames

import (
	"math"
	"sync/atomic"
	"time"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/failure"
)

// charged is what a frame has cost, and who pays. Only the frame's own goroutine looks, or the JS thread, whichever runs the guest.
type charged struct {
	account *accounts.Account
	kind    callKind
	runs    bool
	run     accounts.Run  // while it does
	turn    time.Duration // what it has run since it took its slot
	waited  time.Duration

	tenant *accounts.Tenant // or nil
	ticket *accounts.Ticket // where the tenant's calls are limited

	limit time.Duration // of what it may run, with all that is nested in it; 0: none
	spent atomic.Int64  // of that; what is nested in it adds to it
	alarm *time.Timer   // while it runs, and it or one below has a limit
}

// callKind is who counts the frame as a call.
type callKind uint8

const (
	noCall   callKind = iota // an instantiation, a freeze, a reset
	ownCall                  // Go has begun it
	elseCall                 // C++ has
)

// IsCall has it count as a call, until Finish. begun: C++ has counted its beginning, and will its end.
func (f *Frame) IsCall(begun bool) {
	if begun {
		f.kind = elseCall
		return
	}
	f.kind = ownCall
	f.account.BeginCall()
}

func (f *Frame) endCall() {
	if f.kind == ownCall {
		f.account.EndCall()
	}
	f.kind = noCall
}

// count is how it ended. A trap of a start function is one, too.
func (f *Frame) count(failed *failure.Error) {
	if failed.Code == failure.CodeTrap {
		f.account.Add(accounts.Traps, 1)
	}
	if f.kind == noCall {
		return
	}
	f.account.Add(accounts.Failed, 1)
	switch {
	case failed.Code == failure.CodeAborted, failed.Code == failure.CodeExit && failed.Reason != "exit":
		f.account.Add(accounts.Stopped, 1)
	}
}

// GoOn and rest are around what the guest runs without a pause. Both may be called more than once.
func (f *Frame) GoOn() {
	if f.runs {
		return
	}
	f.runs, f.run = true, f.account.BeginRun()
	if left, limited := f.left(); limited {
		f.alarm = time.AfterFunc(left, f.control.interrupt)
	}
}

func (f *Frame) rest() {
	if !f.runs {
		return
	}
	f.runs = false
	if f.alarm != nil {
		f.alarm.Stop()
		f.alarm = nil
	}
	ran := f.account.EndRun(f.run)
	if f.hasSlot {
		f.turn += ran
	}
	for b := f; b != nil; b = b.below {
		b.spent.Add(int64(ran))
	}
}

// left is how long it may run on, if that is limited: by its own limit, or by that of one that it is nested in.
func (f *Frame) left() (left time.Duration, limited bool) {
	left = math.MaxInt64
	for b := f; b != nil; b = b.below {
		if b.limit > 0 {
			left, limited = min(left, max(0, b.limit-time.Duration(b.spent.Load()))), true
		}
	}
	if f.tenant != nil {
		if budget, has := f.tenant.BudgetLeft(); has {
			left, limited = min(left, max(budget, leastRun)), true
		}
	}
	return left, limited
}

// leastRun is what a guest runs at least before it is asked again whether it may.
const leastRun = time.Millisecond

// meter stops whoever has run for as long as it may. At a poll, for only then the guest is where it can be asked.
func (f *Frame) meter() {
	if _, limited := f.left(); !limited {
		return
	}
	f.rest()
	for b := f; b != nil; b = b.below {
		if b.limit > 0 && time.Duration(b.spent.Load()) >= b.limit {
			b.StopAll(StopWord(abi.StopCPU, 0))
		}
	}
	if f.stop.Load() == 0 && !f.budgetLeft() {
		f.pause(func(<-chan struct{}) { f.hasBudget() })
	}
	f.GoOn()
}

// admit has a frame wait until its tenant allows it to run, and takes a slot for one of the asynchronous lane.
func (f *Frame) admit() *failure.Error {
	if f.ticket != nil && f.ticket.Waits() {
		began := f.account.BeginWait()
		f.ticket.Await(f.Stopped())
		f.waited += f.account.EndWait(began)
		if f.stop.Load() != 0 {
			return f.NotStarted()
		}
	}
	if f.IsAsync() {
		if !f.acquire(false) {
			return f.NotStarted()
		}
		return nil
	}
	if !f.budgetLeft() {
		f.waitSync(func(<-chan struct{}) { f.hasBudget() })
		f.rest()
	}
	if f.stop.Load() != 0 {
		return f.NotStarted()
	}
	return nil
}

// Queue gives a frame that is to be entered its place among the calls of its tenant. JS thread, for its order is that of the calls; where it may not have one
// the frame has finished. What is nested in a guest of the group, which has a place, would wait for the very one that waits for it, and needs none.
func (f *Frame) Queue() error {
	if f.tenant == nil || !f.tenant.LimitsCalls() || f.member.Group.top() != nil {
		return nil
	}
	ticket, limit := f.tenant.Queue(f.IsAsync())
	if limit != "" {
		err := failure.Limit(limit, "the tenant has as many calls as it may have, by the limit "+limit)
		f.count(err)
		f.Finish()
		return err
	}
	f.ticket = ticket
	return nil
}

func (f *Frame) giveWay() {
	if f.ticket != nil {
		f.tenant.Leave(f.ticket)
		f.ticket = nil
	}
}

func (f *Frame) budgetLeft() bool {
	if f.tenant == nil {
		return true
	}
	left, has := f.tenant.BudgetLeft()
	return !has || left > 0
}

// hasBudget waits until the tenant may run again; false where the frame was stopped.
func (f *Frame) hasBudget() bool {
	if f.budgetLeft() {
		return f.stop.Load() == 0
	}
	began := f.account.BeginWait()
	ok := f.tenant.AwaitBudget(f.Stopped())
	f.waited += f.account.EndWait(began)
	return ok
}

// cost is what an ExitError says of it. It rests.
func (f *Frame) cost() *failure.Cost {
	const ms = float64(time.Millisecond)
	u := f.account.Usage()
	return &failure.Cost{RanMs: float64(f.spent.Load()) / ms, WaitedMs: float64(f.waited) / ms, MemoryBytes: u.Level(accounts.Memory)}
}

// CountHostCall is for a host function that Go has JavaScript asked for.
func (f *Frame) CountHostCall() { f.account.Add(accounts.HostCalls, 1) }

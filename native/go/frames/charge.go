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
	since   time.Duration // of accounts.Now, while it runs
	waited  time.Duration

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
	f.runs, f.since = true, f.account.BeginRun()
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
	ran := int64(f.account.EndRun(f.since))
	for b := f; b != nil; b = b.below {
		b.spent.Add(ran)
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
	return left, limited
}

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
	f.GoOn()
}

// CountHostCall is for a host function that Go has JavaScript asked for.
func (f *Frame) CountHostCall() { f.account.Add(accounts.HostCalls, 1) }

package frames

import (
	"time"

	"wazeronode/accounts"
	"wazeronode/failure"
)

// charged is what a frame has cost, and who pays. Only the frame's own goroutine looks, or the JS thread, whichever runs the guest.
type charged struct {
	account *accounts.Account
	kind    callKind
	runs    bool
	since   time.Duration // of accounts.Now, while it runs
	ran     time.Duration // before
	waited  time.Duration
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
	if !f.runs {
		f.runs, f.since = true, f.account.BeginRun()
	}
}

func (f *Frame) rest() {
	if f.runs {
		f.runs = false
		f.ran += f.account.EndRun(f.since)
	}
}

// CountHostCall is for a host function that Go has JavaScript asked for.
func (f *Frame) CountHostCall() { f.account.Add(accounts.HostCalls, 1) }

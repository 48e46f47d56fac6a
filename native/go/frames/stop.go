package frames

import (
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
)

const stopBit = 1 << 63

// stopExit (beside WZ_STOP_*): a frame above closed the module by proc_exit, so this one ends the same way.
const stopExit = 5

// StopWord is a stop as one word: why (WZ_STOP_*), and the exit code.
func StopWord(reason, exitCode uint32) uint64 {
	switch reason {
	case abi.StopTimeout, abi.StopCPU:
		exitCode = sys.ExitCodeDeadlineExceeded
	case abi.StopAbort:
		exitCode = sys.ExitCodeContextCanceled
	}
	return stopBit | uint64(reason)<<32 | uint64(exitCode)
}

// StopReason is its reason in an error's words.
func StopReason(word uint64) string {
	switch uint32(word>>32) & 0xff {
	case abi.StopTimeout:
		return "timeout"
	case abi.StopAbort:
		return "abort"
	case abi.StopCPU:
		return "cpu"
	case stopExit:
		return "exit"
	}
	return "close"
}

// StopAll stops the frame and those above it. Any thread.
func (f *Frame) StopAll(word uint64) {
	f.StopSelf(word)
	for top := f.member.Group.top(); top != nil && top != f; top = top.below {
		top.StopSelf(word)
	}
}

// StopSelf stops the frame alone. Any thread.
func (f *Frame) StopSelf(word uint64) {
	// Under the lock: Stopped must not see the stop and close the channel before this does.
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
	f.member.Self.InterruptFiles()
	f.member.Group.interruptFiles()
}

// IsStopped is whether it is to end, and has not perhaps.
func (f *Frame) IsStopped() bool { return f.stop.Load() != 0 }

// Stopped is closed when the frame is stopped.
func (f *Frame) Stopped() <-chan struct{} {
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

// ExitIfStopped unwinds the guest when the frame has been stopped. Only where the guest may unwind: in a host function or a tick.
func (f *Frame) ExitIfStopped() {
	if err := f.exitError(); err != nil {
		panic(err)
	}
}

func (f *Frame) exitError() error {
	word := f.stop.Load()
	if word == 0 {
		return nil
	}
	f.delivered.Store(true)
	return sys.NewExitError(uint32(word))
}

// tick runs at a poll of the guest after control.interrupt, on the guest's own goroutine.
func (f *Frame) tick() error {
	f.sampled("")
	if err := f.exitError(); err != nil {
		return err
	}
	f.meter()
	if !f.IsAsync() {
		f.stopIfDead()
	} else if f.hasSlot && Pool.Over(f) {
		f.GiveSlot()
		f.TakeSlot(false)
		f.sampled(Waiting)
	}
	return f.exitError()
}

// stopIfDead looks whether JavaScript was terminated (worker.terminate(), process.exit()): nobody will take the answer. JS thread.
func (f *Frame) stopIfDead() {
	if !abi.Alive(f.env) {
		f.StopSelf(StopWord(abi.StopClose, 0))
	}
}

package frames

import "time"

// Wait gives the slot back, runs until (which must return when the channel closes, and not panic) and takes a slot again. It unwinds
// the guest when the frame was stopped.
func (f *Frame) Wait(until func(stop <-chan struct{})) {
	f.pause(until)
	f.ExitIfStopped()
}

// pause is Wait where the guest must not be unwound.
func (f *Frame) pause(until func(stop <-chan struct{})) {
	if !f.IsAsync() {
		f.waitSync(until)
		return
	}
	f.sampled("")
	f.GiveSlot()
	until(f.Stopped())
	f.settleAbove()
	if f.stop.Load() == 0 {
		f.TakeSlot(true)
	}
	f.sampled(Waiting)
}

// waitSync holds the JS thread, and looks meanwhile whether JavaScript was terminated: only this thread can ask.
func (f *Frame) waitSync(until func(stop <-chan struct{})) {
	f.sampled("")
	f.rest()
	defer f.GoOn()
	defer f.sampled(Waiting)
	done := make(chan struct{})
	go func() {
		defer close(done)
		until(f.Stopped())
	}()
	look := time.NewTicker(SyncLook)
	defer look.Stop()
	for {
		select {
		case <-done:
			return
		case <-look.C:
			f.stopIfDead()
		}
	}
}

// Sleep is a sleep of the guest: it ends early when the frame is stopped, and then unwinds.
func (f *Frame) Sleep(d time.Duration) {
	f.Wait(func(stop <-chan struct{}) {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-stop:
		}
	})
}

package main

import (
	"wazeronode/abi"
	"wazeronode/failure"
	"wazeronode/frames"
)

// An express call runs on a thread of C++ (native/addon/lanes/express.h), and is a directState there. Here is how it becomes a call like any
// other: adopt gives it a frame while it runs, takeOver runs the rest of it.

// handOver is what C++ has of a call.
type handOver struct {
	call   uint64 // its number for C++
	at     uint32 // WZ_AT_...
	stack  []byte // nil where it has none
	words  []uint64
	answer *frames.Reply
}

// adoptRunning gives the call a frame, as enter does; nothing of its engine is touched. JS thread, or the one that hands the call over.
func (d *directState) adoptRunning(o frames.Options) error {
	f, err := newFrame(o, d.function.module)
	if err != nil {
		return err
	}
	d.env.mu.Lock()
	d.known = true
	d.env.mu.Unlock()
	f.EnterRunning()
	d.samplesTo(f)
	f.BurnsIn(d.fuel())
	d.frame, d.ctx = f, f.context()
	return nil
}

// takeOver returns as soon as the frame is there; the goroutine runs the rest.
func (d *directState) takeOver(o frames.Options, c handOver) error {
	if d.frame == nil {
		if err := d.adoptRunning(o); err != nil {
			return err
		}
	}
	f := d.frame
	d.frame = nil
	f.IsCall(false)
	f.answered = c.answer
	if c.at == abi.AtQuestion {
		f.question = make(chan struct{})
	}
	if c.stack != nil {
		d.inner.Lend(d.ctx, c.stack)
	}
	var (
		words   []uint64
		outcome []byte
		err     error
	)
	usable := true
	failure.Go(func() {
		if c.at == abi.AtQuestion {
			defer func() {
				if f.answered != nil { // it has ended before
					close(f.question)
				}
			}()
		}
		err = failure.Protect(func() (err error) { usable, err = d.finish(f, c); return })
		words = append([]uint64(nil), c.words...)
		outcome, err = f.Conclude(err, failure.CodeTrap)
		d.over(usable)
	}, func() {
		expressOver(c.call, usable)
		f.done(0, words, outcome, err)
	})
	return nil
}

// over ends what adoptRunning began.
func (d *directState) over(usable bool) {
	d.env.mu.Lock()
	d.known = false
	ended := d.env.closed
	d.env.mu.Unlock()
	if ended || !usable {
		d.close(false)
	}
}

// finish runs the guest to its end.
func (d *directState) finish(f *frame, c handOver) (usable bool, err error) {
	if c.at == abi.AtEnd {
		d.inner.TakeBack()
		return true, d.inner.FailIfClosed()
	}
	if c.at != abi.AtQuestion && !f.IsStopped() {
		f.TakeSlot(c.at == abi.AtExit)
	}
	if c.at == abi.AtStart {
		if f.IsStopped() {
			return true, f.NotStarted()
		}
		if d.function.module.IsClosed() {
			return true, errClosedModule
		}
	}
	return d.goOn(f, c.words)
}

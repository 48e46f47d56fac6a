package main

import (
	"context"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tetratelabs/wazero/api"

	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
)

// directState is a function that C++ enters by itself (edit e5): outermost synchronous calls, and express calls. C++ has the addresses, this
// keeps alive what they point to. The rest of a call that comes to an exit which C++ cannot answer is run here, in a frame like any
// other; a frame is also made (adopted) for a call that waits in a host function, when something wants to find it by its id.
type directState struct {
	handle   handles.Handle
	env      *env
	function *functionState
	fn       api.Function
	inner    directFunction

	frame *frame // adopted, and not continued yet; JS thread
	ctx   context.Context
	known bool // an express call that has a frame; env.mu

	samples atomic.Uint32 // that a profile has asked for, and nobody has made
}

// openDirect takes one engine of the function for C++; nil where it cannot be entered directly.
func (f *functionState) openDirect(e *env) *directState {
	m := f.module
	if f.again != nil || m.IsClosed() || m.source.functions != nil { // a listener hears every event from Go
		return nil
	}
	fn := f.get()
	inner := directOf(m.inner, fn)
	if inner == nil {
		f.put(fn)
		return nil
	}
	m.engines.Add(-1) // until it is given back: what is forgotten shows in callEngines
	d := &directState{env: e, function: f, fn: fn, inner: inner}
	d.handle = handles.Add(handles.Direct, d)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.directs[d] = struct{}{}
	return d
}

// close ends it; the engine goes back, unless nobody knows what state it is in. No call of it is under way.
func (d *directState) close(usable bool) {
	if handles.Remove(d.handle, handles.Direct) == nil {
		return
	}
	d.env.mu.Lock()
	delete(d.env.directs, d)
	d.env.mu.Unlock()
	if usable && !d.function.module.IsClosed() {
		d.function.module.engines.Add(1)
		d.function.put(d.fn)
	} else {
		callEngines.Add(-1)
	}
}

// adopt makes a frame for the call that is under way on this stack: at one of its exits, on the JS thread.
func (d *directState) adopt(o frames.Options, stack []byte) error {
	f, err := newFrame(o, d.function.module)
	if err != nil {
		return err
	}
	f.IsCall(true)
	f.EnterRunning()
	d.samplesTo(f)
	f.BurnsIn(d.fuel())
	d.frame, d.ctx = f, f.context()
	d.inner.Lend(d.ctx, stack)
	f.hostContext = d.inner.WithSnapshots(d.ctx) // for a snapshot that is taken before the host function answers
	return nil
}

// fuel is where it counts, nil where it does not.
func (d *directState) fuel() *int64 {
	entry, _ := d.inner.DirectEntry()
	return entry.Fuel
}

// proceed runs the call from its exit to its end. answer is that of the host function which it left for, if it has answered. usable
// is false where the engine was left in a state that nobody knows.
func (d *directState) proceed(o frames.Options, stack []byte, words []uint64, answer *frames.Reply) (outcome []byte, usable bool, err error) {
	if d.frame == nil {
		if err = d.adopt(o, stack); err != nil {
			d.inner.TakeBack()
			return nil, true, err
		}
	}
	f := d.frame
	d.frame = nil
	f.hostContext, f.answered = nil, answer
	usable, err = d.goOn(f, words)
	outcome, err = f.Conclude(err, failure.CodeTrap)
	return outcome, usable, err
}

// goOn runs the guest to its end, from where it is.
func (d *directState) goOn(f *frame, words []uint64) (usable bool, err error) {
	f.Interrupt() // what C++ was interrupted for is looked at in a tick
	if !f.IsAsync() {
		f.GoOn()
	}
	err = failure.Protect(func() error {
		err := d.fn.CallWithStack(d.ctx, words)
		usable = true
		f.WaitTaken(0)
		return err
	})
	d.inner.TakeBack()
	return usable, err
}

// watchDirect looks every 50 ms, as watchSync does for frames, whether a call has been running for so long: it then comes to Go, which
// looks whether JavaScript was terminated. It ends when C++ says that nothing has been called for a while.
func watchDirect(env uint64) {
	go func() {
		for {
			time.Sleep(frames.SyncLook)
			h, more := directRunning(env)
			if !more {
				return
			}
			if d, _ := handles.Get(h, handles.Direct).(*directState); d != nil {
				d.inner.Interrupt()
			}
		}
	}()
}

// hostFunctionType is by which C++ knows one of ours among all host functions: the first word of an interface that holds one.
func hostFunctionType() uintptr {
	var f any = (*hostFunction)(nil)
	return (*[2]uintptr)(unsafe.Pointer(&f))[0]
}

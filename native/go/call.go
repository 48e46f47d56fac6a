package main

import (
	"encoding/json"
	"slices"

	"github.com/tetratelabs/wazero/sys"

	"wazeronode/failure"
)

// call is one wz_call between its two halves.
type call struct {
	frame    *frame
	function *functionState
	words    []uint64 // parameters in, results out
}

func prepareCall(o frameOptions, fn *functionState, words []uint64) (*call, error) {
	if fn.module.isClosed() { // wazero would run guest code of a closed module
		return nil, errClosedModule
	}
	f, err := newFrame(o, fn.module.group, fn.module)
	if err != nil {
		return nil, err
	}
	return &call{f, fn, words}, nil
}

func (c *call) run() (outcome []byte, err error) {
	if err = c.frame.enter(); err != nil {
		return nil, err
	}
	err = failure.Protect(func() error {
		if c.function.module.isClosed() {
			return errClosedModule
		}
		fn := c.function.get()
		if fn == nil {
			return failure.Invalid("Expected a table that has not changed since lookupFunction: the function is in use, and no longer where it was")
		}
		usable := false // after a panic nobody knows what state it is in
		defer func() {
			if !usable {
				c.function.module.forgetEngine()
			}
		}()
		err := fn.CallWithStack(c.frame.context(), c.words)
		c.function.put(fn)
		usable = true
		c.frame.waitTaken(0)
		return err
	})
	return c.frame.conclude(err, failure.CodeTrap)
}

// conclude ends the frame: closes what a stop closes, tells frames below that their module has gone, gives way. The outcome is JSON
// for JavaScript, nil if there is nothing to say.
func (f *frame) conclude(err error, fallback string) (outcome []byte, _ error) {
	f.giveSlot() // what follows is ours to do, not the guest's: it may look for the sources of a trace
	var failed *failure.Error
	m := f.module
	if err != nil {
		failed = f.failure(err, fallback)
		if failed.Code == failure.CodeExit && failed.Reason != "close" {
			m.close(failed.ExitCode)
		}
	}
	var gone []uint64
	for _, closed := range f.group.newlyClosed() {
		closed.close(0) // by the guest itself: the rest of it follows
		gone = append(gone, uint64(closed.handle))
	}
	if m.isClosed() && !slices.Contains(gone, uint64(m.handle)) {
		gone = append(gone, uint64(m.handle))
	}
	if failed != nil && len(gone) > 0 && f.below != nil {
		word := f.stop.Load()
		if word == 0 {
			word = stopWord(stopExit, failed.ExitCode)
		}
		for b := f.below; b != nil; b = b.below {
			b.stopSelf(word)
		}
	}
	f.leave()
	if failed == nil {
		if len(gone) > 0 {
			outcome, _ = json.Marshal(map[string]any{"module": m.handle, "closed": gone})
		}
		return outcome, nil
	}
	failed.Closed = gone
	return nil, failed
}

// failure is what the frame ends with.
func (f *frame) failure(err error, fallback string) *failure.Error {
	e := failure.Classify(err, fallback)
	if e.Code != failure.CodeExit {
		return e
	}
	if word := f.stop.Load(); word != 0 && (f.delivered.Load() || f.control.deliveredBy(e.ExitCode)) {
		e.Reason, e.ExitCode = stopReason(word), uint32(word)
		e.Message = sys.NewExitError(e.ExitCode).Error()
	}
	return e
}

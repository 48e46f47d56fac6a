package main

import (
	"wazeronode/failure"
	"wazeronode/frames"
)

// call is one wz_call between its two halves.
type call struct {
	frame    *frame
	function *functionState
	words    []uint64 // parameters in, results out
}

func prepareCall(o frames.Options, fn *functionState, words []uint64) (*call, error) {
	if fn.module.IsClosed() { // wazero would run guest code of a closed module
		return nil, errClosedModule
	}
	f, err := newFrame(o, fn.module)
	if err != nil {
		return nil, err
	}
	f.IsCall(false)
	if err := f.Queue(); err != nil {
		return nil, err
	}
	return &call{f, fn, words}, nil
}

func (c *call) run() (outcome []byte, err error) {
	if err = c.frame.Enter(); err != nil {
		return nil, err
	}
	err = failure.Protect(func() error {
		if c.function.module.IsClosed() {
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
		c.frame.WaitTaken(0)
		return err
	})
	return c.frame.Conclude(err, failure.CodeTrap)
}

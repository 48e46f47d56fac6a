package main

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// A module waits in a host function of JavaScript (caller.freeze), or was left at its first read of stdin (freezeAt): its stack is part of the image
// then, and a module of that goes on from there.

// parked is the call of a module that was left at its first read of stdin.
type parked struct {
	call     *waitingCall
	obstacle string // why there is none
}

// waitingCall is the call that z's frame is nested in, which waits in a host function; nil where nothing waits.
func (z *freezing) waitingCall() (*waitingCall, error) {
	m, below := z.module, z.frame.Below()
	if below == nil {
		return nil, nil
	}
	e, err := findEnv(z.env)
	if err != nil {
		return nil, err
	}
	f := e.frame(below.ID())
	if f == nil || below.Below() != nil || f.module != m {
		return nil, errNotAtRest
	}
	f.awaitQuestion()
	if f.hostContext == nil || m.inner == nil {
		return nil, errNotAtRest
	}
	w, obstacle := freezeWaiting(f.hostContext, m.inner)
	if w == nil {
		return nil, cannotFreeze(m, []string{obstacle})
	}
	return w, nil
}

// withParking has the guest be left at its first read of stdin.
func (i *instantiation) withParking(ctx context.Context) context.Context {
	if !i.config.freezeAtStdin {
		return ctx
	}
	return withPark(ctx, func(call context.Context, m api.Module) {
		p := &parked{}
		p.call, p.obstacle = freezeWaiting(call, m)
		i.module.parked = p
		panic(errParked)
	})
}

// goOn runs the call of the image to its end. A command that leaves with exit code 0 is no error, as with any other instantiation.
func (i *instantiation) goOn(ctx context.Context) error {
	if i.image == nil || i.image.state.Waiting == nil {
		return nil
	}
	var answer []uint64
	if !i.image.again {
		answer = []uint64{}
		for b := i.config.answer; len(b) >= 8; b = b[8:] {
			answer = append(answer, binary.LittleEndian.Uint64(b))
		}
	}
	err := resumeCall(ctx, i.module.inner, i.image.state.Waiting, answer)
	var exit *sys.ExitError
	if errors.Is(err, errParked) || errors.As(err, &exit) && exit.ExitCode() == 0 && !i.frame.IsStopped() {
		return nil
	}
	return err
}

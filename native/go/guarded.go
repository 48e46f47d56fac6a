package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"

	"wazeronode/abi"
	"wazeronode/arena"
	"wazeronode/codecache"
	"wazeronode/failure"
	"wazeronode/guard"
	"wazeronode/prescan"
)

// A module is compiled to code that does not compare addresses where a guarded memory can be had for it, and such code runs over guarded memories only;
// code that compares runs over all. Which of the two an instance runs is decided when it is made: by its memory, or by the one that it imports. A module
// whose first code is guarded keeps its bytes, which wazero has slices of anyway, and is compiled again where an instance must compare.

// guardPages is whether a runtime with defaults has guard pages now: an abi.Guard....
func guardPages() uint32 {
	switch {
	case !canGuard:
		return abi.GuardPlatform
	case !arena.CanGuard():
		return abi.GuardLimited
	}
	if state := guardState(); state != abi.GuardOn {
		return state
	}
	if !arena.HasGuarded() || !guard.Code.HasRoom() {
		return abi.GuardUsedUp
	}
	return abi.GuardOn
}

func (rt *runtimeState) guardPages() uint32 {
	if rt.config.guardPages == abi.GuardPagesNever || rt.engine != "compiler" {
		return abi.GuardOff
	}
	return guardPages()
}

// wantsGuard is asked before a module is compiled. Shared memories are compared: they may be imported by threads of which nobody knows here.
func (rt *runtimeState) wantsGuard(memory prescan.Memory) bool {
	return memory.Exists && !memory.Shared && rt.guards(rt.guardPages())
}

// guards: guarded code is of use, or there is none because all ranges are taken, which a runtime that wants nothing else has to say.
func (rt *runtimeState) guards(state uint32) bool {
	return state == abi.GuardOn || state == abi.GuardUsedUp && rt.config.guardPages == abi.GuardPagesAlways
}

// comparing is the code of a module whose first one does not compare. All copies of a compiledState share it.
type comparing struct {
	binary  []byte
	workers uint32

	mu     sync.Mutex
	flight *flight // of made, which boarded it
	made   *compiledState
}

// get compiles where nobody has before. The module is held meanwhile.
func (c *comparing) get(ctx context.Context, of *compiledState) (*compiledState, error) {
	c.mu.Lock()
	made := c.made
	c.mu.Unlock()
	if made != nil {
		return made, nil
	}
	rt := of.rt
	f := rt.flights.Join(sha256.Sum256(append([]byte("comparing "), of.sum[:]...)), func(ctx context.Context) (*compiledState, error) {
		return rt.compile(ctx, c.binary, of.sum, compilation{workers: c.workers, compares: true})
	}, (*compiledState).giveUp)
	made, err := f.Wait(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil { // somebody else was quicker
		f.Leave()
		return c.made, nil
	}
	c.made, c.flight = made, f
	return made, nil
}

// giveUp is called once, when nobody has the module any more.
func (c *comparing) giveUp() {
	if c != nil && c.flight != nil {
		c.flight.Leave()
	}
}

// compileGuarded compiles without comparing, where guarded says so and there is room for such code.
func (rt *runtimeState) compileGuarded(ctx context.Context, binary []byte, sum codecache.Key, guarded bool) (*compiledState, error) {
	if guarded {
		inner, err := rt.compileCode(ctx, binary, sum, "", true)
		if !errors.Is(err, errNoGuard) {
			return &compiledState{rt: rt, inner: inner, guarded: true}, err
		}
		if rt.config.guardPages == abi.GuardPagesAlways {
			return nil, noMoreGuarded("code")
		}
	}
	inner, err := rt.compileCode(ctx, binary, sum, "", false)
	return &compiledState{rt: rt, inner: inner}, err
}

// code is what the instance runs; where that is guarded, and it has a memory of its own, a range for it has been taken.
func (i *instantiation) code() (wazero.CompiledModule, error) {
	c := i.compiled
	if from := i.memoryFrom(); c.memory.Imported && from != nil {
		i.module.guardedMemory = from.guardedMemory
	}
	if !c.guarded {
		return c.inner, nil
	}
	if c.rt.guards(i.guards) {
		if c.memory.Imported {
			if i.module.guardedMemory {
				return c.inner, nil
			}
		} else if i.module.reserved = i.guard(); i.module.reserved != nil {
			return c.inner, nil
		} else if c.rt.config.guardPages == abi.GuardPagesAlways {
			return nil, noMoreGuarded("memories")
		}
	}
	var compared *compiledState
	var err error
	i.frame.Wait(func(stop <-chan struct{}) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-stop:
				cancel()
			case <-ctx.Done():
			}
		}()
		compared, err = c.other.get(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	return compared.inner, nil
}

func noMoreGuarded(what string) error {
	return failure.Limit("", fmt.Sprintf("there is no room for more %s of modules with guard pages, which this runtime wants for every one", what))
}

// guard takes a range for its own memory, of the length that it has at first.
func (i *instantiation) guard() *arena.Reservation {
	switch {
	case i.image == nil:
		if b := i.compiled.beginning.get(); b != nil {
			r := b.memory.Guard()
			if r != nil {
				i.begun = b
			}
			return r
		}
		return arena.Guard(i.compiled.memory.Min << 16)
	case i.image.memory == nil:
		return arena.Guard(0)
	}
	return i.image.memory.Guard()
}

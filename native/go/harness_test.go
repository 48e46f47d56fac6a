//go:build wazero_harness

package main

import (
	_ "embed"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"wazeronode/abi"
	"wazeronode/frames"
	"wazeronode/handles"
)

// (module (import "env" "host" (func $host (param i32) (result i32))) (memory (export "memory") 1 16)
//
//	(func (export "host") (param i32) (result i32) (local $sum i32)
//	  (loop $l (local.set $sum (i32.add (local.get $sum) (call $host (local.get 0)))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
//	  (local.get $sum))
//	(func (export "grow") (param i32) (result i32) (drop (memory.grow (i32.const 1))) (i32.const 0))
//	(func (export "trap") (param i32) (result i32) unreachable)
//	(func (export "forever") (param i32) (result i32) (loop $l (br $l)) (i32.const 0)))
//
//go:embed testdata/harness.wasm
var harnessGuest []byte

const harnessHosts = `{"name":"env","functions":[{"id":1,"export":"host","name":"host","params":["i32"],"results":["i32"]}]}`

// js is one environment: its goroutine is the JS thread, which alone calls exports and takes messages.
type js struct {
	id       uint64
	messages chan *abi.Message
	frames   uint64
	random   *rand.Rand
	pending  map[uint64]func(*abi.Message) // what goes on when a frame or request has ended
}

type environments struct{ all sync.Map }

func (e *environments) post(env uint64, m *abi.Message) {
	if j, ok := e.all.Load(env); ok {
		j.(*js).messages <- m
	}
}

func (e *environments) upcall(_ uint64, m *abi.Message, words []uint64) uint32 {
	if m.Kind == abi.MsgHostCall {
		words[0] = m.Words[0]
	}
	return abi.ReplyOK
}

// TestEverythingAtOnce is for the race detector: environments that compile, call in both lanes, stop, close and end in the middle of it.
func TestEverythingAtOnce(t *testing.T) {
	seconds, _ := strconv.Atoi(os.Getenv("WAZERO_HARNESS_SECONDS"))
	end := time.Now().Add(time.Duration(max(seconds, 5)) * time.Second)
	all := &environments{}
	harness = all
	if !harnessStart() {
		t.Fatal("Go refused to start")
	}
	var threads sync.WaitGroup
	for thread := range uint64(4) {
		threads.Go(func() {
			for n := uint64(0); time.Now().Before(end); n++ {
				j := &js{id: thread*1_000_000 + n + 1, messages: make(chan *abi.Message, 10_000), random: rand.New(rand.NewPCG(thread, n)), pending: map[uint64]func(*abi.Message){}}
				all.all.Store(j.id, j)
				j.live(t, min(time.Second, time.Until(end)))
				all.all.Delete(j.id)
			}
		})
	}
	threads.Wait()
	waitFor(t, "everything is closed", func() bool {
		return handles.Count(handles.Runtime)+handles.Count(handles.Module)+handles.Count(handles.Compiled) == 0
	})
}

func (j *js) live(t *testing.T, d time.Duration) {
	openEnv(j.id)
	runtime, err := harnessRuntime(j.id)
	must(t, err)
	host, err := harnessHost(j.id, runtime, harnessHosts)
	must(t, err)
	hostModule, err := harnessInstantiate(j.frame(abi.LaneSync, 0), runtime, host, 0)
	must(t, err)
	calls := 0
	var chain func(module uint64)
	open := func() {
		o := j.frame(abi.LaneAsync, 0)
		request := o.Frame
		j.pending[request] = func(m *abi.Message) {
			if m.Status != 0 {
				t.Errorf("compile: %s", m.Bytes)
				return
			}
			o := j.frame(abi.LaneAsync, 0)
			module, err := harnessInstantiate(o, runtime, m.Target, hostModule)
			must(t, err)
			j.pending[o.Frame] = func(m *abi.Message) {
				if m.Status != 0 {
					t.Errorf("instantiate: %s", m.Bytes)
					return
				}
				chain(module)
			}
		}
		_, err := harnessCompile(j.id, runtime, harnessGuest, request)
		must(t, err)
	}
	chain = func(module uint64) {
		calls++
		name := []string{"host", "host", "grow", "trap", "forever"}[j.random.IntN(5)]
		function, err := harnessFunction(module, name)
		if err != nil || harnessMemory(module) == 0 || j.random.IntN(20) == 0 { // closed by its deadline, or by us
			harnessCloseModule(module)
			open()
			return
		}
		var timeout time.Duration
		if name == "forever" || j.random.IntN(4) == 0 {
			timeout = time.Duration(1+j.random.IntN(5)) * time.Millisecond
		}
		words := []uint64{uint64(1 + j.random.IntN(30))}
		if j.random.IntN(3) == 0 {
			_ = harnessCall(j.frame(abi.LaneSync, timeout), function, words)
			j.pending[j.frames] = func(*abi.Message) { chain(module) }
			go func(frame uint64) { j.messages <- &abi.Message{Kind: abi.MsgDone, Frame: frame} }(j.frames)
			return
		}
		o := j.frame(abi.LaneAsync, timeout)
		j.pending[o.Frame] = func(*abi.Message) { chain(module) }
		must(t, harnessCall(o, function, words))
		if j.random.IntN(5) == 0 {
			harnessStop(j.id, o.Frame, uint32(1+j.random.IntN(3)))
		}
	}
	for range 4 {
		open()
	}
	for end := time.After(d); ; {
		select {
		case m := <-j.messages:
			switch m.Kind {
			case abi.MsgHostCall:
				harnessReply(j.id, m.Frame, []uint64{m.Words[0]})
			case abi.MsgDone:
				next := j.pending[m.Frame]
				delete(j.pending, m.Frame)
				next(m)
			case abi.MsgWarning:
				t.Errorf("warning: %s", m.Bytes)
			}
		case <-end:
			if calls == 0 {
				t.Log("no call was made: the machine is busy")
			}
			if j.random.IntN(2) == 0 { // in the middle of everything: the environment closes the rest
				_ = harnessCloseRuntimeIfIdle(j, runtime)
			}
			harnessCloseEnv(j.id)
			return
		}
	}
}

// A runtime is closed by JavaScript only when no frame of it is in flight.
func harnessCloseRuntimeIfIdle(j *js, runtime uint64) error {
	if len(j.pending) > 0 {
		return nil
	}
	return harnessCloseRuntime(runtime)
}

func (j *js) frame(lane uint32, timeout time.Duration) frames.Options {
	j.frames++
	return frames.Options{Env: j.id, Frame: j.frames, Lane: lane, Timeout: timeout}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain: ", what)
		}
	}
}

package main

import (
	"bytes"
	"crypto/rand"
	"io"
	mathrand "math/rand"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/errno"
	"wazeronode/handles"
)

// build makes wazero's config afresh for one instantiation: nothing of it is shared (wazero's own clones share arrays). What it opens
// is closed with the module.
func (c *moduleConfig) build(m *moduleState) (wazero.ModuleConfig, error) {
	mc := wazero.NewModuleConfig().WithArgs(c.args...)
	if c.name != nil {
		mc = mc.WithName(*c.name)
	}
	for i := 0; i+1 < len(c.env); i += 2 {
		mc = mc.WithEnv(c.env[i], c.env[i+1])
	}
	if c.startFunctions != nil {
		mc = mc.WithStartFunctions(*c.startFunctions...)
	}
	stdin, err := c.stdin.source(m)
	if err != nil {
		return nil, err
	}
	stdout, err := c.stdout.sink(m)
	if err != nil {
		return nil, err
	}
	stderr, err := c.stderr.sink(m)
	if err != nil {
		return nil, err
	}
	// A nil interface is wazero's default; a nil pointer in one is not.
	if stdin != nil {
		mc = mc.WithStdin(stdin)
	}
	if stdout != nil {
		mc = mc.WithStdout(stdout)
	}
	if stderr != nil {
		mc = mc.WithStderr(stderr)
	}
	mc = c.clocks(mc, m)
	switch c.randKind {
	case abi.RandSecure:
		mc = mc.WithRandSource(&steadyReader{m, rand.Reader})
	case abi.RandDeterministic:
		mc = mc.WithRandSource(&steadyReader{m, &seededReader{}})
	case abi.RandBytes:
		mc = mc.WithRandSource(bytes.NewReader(c.randBytes))
	case abi.RandCallback:
		mc = mc.WithRandSource(&callbackReader{m, abi.MsgRandom, c.randTarget})
	}
	fsConfig, err := c.fileSystems(m)
	if err != nil {
		return nil, err
	}
	if fsConfig != nil {
		mc = mc.WithFSConfig(fsConfig)
	}
	return mc, nil
}

func (c *moduleConfig) clocks(mc wazero.ModuleConfig, m *moduleState) wazero.ModuleConfig {
	switch c.walltime.kind {
	case abi.ClockSystem:
		mc = mc.WithSysWalltime()
	case abi.ClockCallback:
		mc = mc.WithWalltime(func() (int64, int32) {
			ns := int64(m.ask(abi.MsgClock, c.walltime.target))
			return ns / 1e9, int32(ns % 1e9)
		}, sys.ClockResolution(c.walltime.resolution))
	}
	switch c.nanotime.kind {
	case abi.ClockSystem:
		mc = mc.WithSysNanotime()
	case abi.ClockCallback:
		mc = mc.WithNanotime(func() int64 { return int64(m.ask(abi.MsgClock, c.nanotime.target)) }, sys.ClockResolution(c.nanotime.resolution))
	}
	switch c.nanosleep.kind {
	case abi.ClockSystem:
		mc = mc.WithNanosleep(func(ns int64) {
			if ns > 0 {
				m.running().sleep(time.Duration(ns))
			}
		})
	case abi.ClockCallback:
		mc = mc.WithNanosleep(func(ns int64) { m.ask(abi.MsgSleep, c.nanosleep.target, uint64(ns)) })
	}
	if c.osyield != 0 {
		mc = mc.WithOsyield(func() { m.ask(abi.MsgYield, c.osyield) })
	}
	return mc
}

// running is the frame whose guest asks: callbacks that wazero calls without a context find it so. There is one, or nothing of the
// group would run.
func (m *moduleState) running() *frame { return m.group.find().top.Load() }

// ask puts a question that is answered by one number.
func (m *moduleState) ask(kind uint32, target uint64, params ...uint64) uint64 {
	var result [1]uint64
	m.running().upcall(&abi.Message{Kind: kind, Target: target, Module: uint64(m.handle), Words: params}, result[:], nil)
	return result[0]
}

func (s *stream) sink(m *moduleState) (io.Writer, error) {
	switch s.kind {
	case abi.SinkFD:
		return newFDStream(m, int(s.fd), false), nil
	case abi.SinkBuffer:
		return handles.Lookup[*outputBuffer](handles.Handle(s.target), handles.OutputBuffer)
	case abi.SinkCallback:
		return &callbackWriter{module: m, target: s.target}, nil
	}
	return nil, nil
}

func (s *stream) source(m *moduleState) (io.Reader, error) {
	switch s.kind {
	case abi.SourceFD:
		return newFDStream(m, int(s.fd), true), nil
	case abi.SourceBytes:
		return bytes.NewReader(s.bytes), nil
	case abi.SourceCallback:
		return newCallbackSource(m, s.target), nil
	}
	return nil, nil
}

// callbackReader is a source in JavaScript. words[0] is how many bytes came, words[1] an errno.
type callbackReader struct {
	module *moduleState
	kind   uint32
	target uint64
}

func (r *callbackReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var answer [2]uint64
	r.module.running().upcall(&abi.Message{Kind: r.kind, Target: r.target, Module: uint64(r.module.handle)}, answer[:], p)
	if answer[1] != 0 {
		return 0, experimentalsys.Errno(answer[1])
	}
	n := int(min(answer[0], uint64(len(p))))
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// wazeroSeed is that of wazero's own default, which cannot be wrapped.
const wazeroSeed = 42

// seededReader is wazero's default, seeded when the first number is asked for: to seed takes 10 µs and 5 KB, more than all else of a small
// instance, and most guests ask for none.
type seededReader struct {
	once   sync.Once
	source *mathrand.Rand
}

func (r *seededReader) Read(p []byte) (int, error) {
	r.once.Do(func() { r.source = mathrand.New(mathrand.NewSource(wazeroSeed)) })
	return r.source.Read(p)
}

// steadyReader makes random numbers for a guest that may ask for all of its memory at once (2.7 s a GiB): a stop ends that.
type steadyReader struct {
	module *moduleState
	source io.Reader
}

func (r *steadyReader) Read(p []byte) (int, error) {
	const piece = 1 << 20
	if len(p) > piece {
		p = p[:piece]
		if f := r.module.running(); f != nil {
			f.exitIfStopped()
		}
	}
	return r.source.Read(p)
}

// outputBuffer is the OutputBuffer of the contract: bytes kept up to a maximum, past which the guest gets ENOSPC.
type outputBuffer struct {
	mu  sync.Mutex
	max uint64
	buf []byte
}

func (b *outputBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if uint64(len(p)) > b.max-uint64(len(b.buf)) {
		return 0, errno.NoSpace
	}
	b.buf = append(b.buf, p...)
	return len(p), nil
}

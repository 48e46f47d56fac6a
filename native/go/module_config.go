package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/handles"
	"wazeronode/stdio"
)

// hostConfig is every host module's: it has no code that could ask for anything. Without a source of its own wazero would seed 5 KB for each.
var hostConfig = wazero.NewModuleConfig().WithStartFunctions().WithRandSource(bytes.NewReader(nil))

// build makes wazero's config afresh for one instantiation: nothing of it is shared (wazero's own clones share arrays). What it opens
// is closed with the module.
func (c *moduleConfig) build(m *moduleState) (wazero.ModuleConfig, error) {
	mc := wazero.NewModuleConfig()
	if m.host {
		mc = hostConfig
	}
	if c.name != nil {
		mc = mc.WithName(*c.name)
	}
	if m.host {
		return mc, nil
	}
	if len(c.args) > 0 {
		mc = mc.WithArgs(c.args...)
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
		mc = mc.WithRandSource(stdio.NewSteady(&m.Member, rand.Reader))
	case abi.RandDeterministic:
		mc = mc.WithRandSource(stdio.NewSteady(&m.Member, &stdio.Seeded{}))
	case abi.RandBytes:
		mc = mc.WithRandSource(bytes.NewReader(c.randBytes))
	case abi.RandCallback:
		mc = mc.WithRandSource(stdio.NewReader(&m.Member, abi.MsgRandom, c.randTarget))
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
			ns := int64(m.Ask(abi.MsgClock, c.walltime.target))
			return ns / 1e9, int32(ns % 1e9)
		}, sys.ClockResolution(c.walltime.resolution))
	}
	switch c.nanotime.kind {
	case abi.ClockSystem:
		mc = mc.WithSysNanotime()
	case abi.ClockCallback:
		mc = mc.WithNanotime(func() int64 { return int64(m.Ask(abi.MsgClock, c.nanotime.target)) }, sys.ClockResolution(c.nanotime.resolution))
	}
	switch c.nanosleep.kind {
	case abi.ClockSystem:
		mc = mc.WithNanosleep(func(ns int64) {
			if ns > 0 {
				m.Running().Sleep(time.Duration(ns))
			}
		})
	case abi.ClockCallback:
		mc = mc.WithNanosleep(func(ns int64) { m.Ask(abi.MsgSleep, c.nanosleep.target, uint64(ns)) })
	}
	if c.osyield != 0 {
		mc = mc.WithOsyield(func() { m.Ask(abi.MsgYield, c.osyield) })
	}
	return mc
}

func (s *stream) sink(m *moduleState) (io.Writer, error) {
	switch s.kind {
	case abi.SinkFD:
		return stdio.NewDescriptor(&m.Member, int(s.fd), false), nil
	case abi.SinkBuffer:
		buffer, err := handles.Lookup[*stdio.Buffer](handles.Handle(s.target), handles.OutputBuffer)
		if err != nil {
			return nil, err
		}
		return &stdio.Counted{Buffer: buffer, Account: m.account}, nil
	case abi.SinkCallback:
		return stdio.NewWriter(&m.Member, s.target), nil
	}
	return nil, nil
}

func (s *stream) source(m *moduleState) (io.Reader, error) {
	switch s.kind {
	case abi.SourceFD:
		return stdio.NewDescriptor(&m.Member, int(s.fd), true), nil
	case abi.SourceBytes:
		return &stdio.CountedReader{Reader: bytes.NewReader(s.bytes), Account: m.account}, nil
	case abi.SourceCallback:
		source := stdio.NewSource(&m.Member, s.target)
		m.stdin.Store(source)
		return source, nil
	}
	return nil, nil
}

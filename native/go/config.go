package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"wazeronode/handles"
	"wazeronode/headroom"
)

// The flat structs of config_fields.def as Go values; one line per row, which the drift check of the tests counts.

type runtimeConfig struct {
	engine                uint32
	coreFeatures          *uint64 // nil: wazero's default
	memoryLimitPages      *uint32
	memoryCapacityFromMax bool
	debugInfoDisabled     bool
	compilationCache      handles.Handle
	customSections        bool
	closeOnContextDone    bool
	fuel                  bool

	totalMemoryBytes     uint64
	totalMemoryByDefault bool
	moduleBytes          uint64
	concurrentCompiles   uint32
	guardPages           uint32
	limits               limits
}

// limits are those per module; zero is no limit but wazero's.
type limits struct {
	memoryPages    uint32
	tableElements  uint32
	callStackBytes uint64
	openFiles      uint32
}

func readRuntimeConfig(c *C.wz_runtime_config) *runtimeConfig {
	out := &runtimeConfig{
		engine:                uint32(c.engine),
		memoryCapacityFromMax: c.memory_capacity_from_max != 0,
		debugInfoDisabled:     c.debug_info_disabled != 0,
		compilationCache:      handles.Handle(c.compilation_cache),
		customSections:        c.custom_sections != 0,
		closeOnContextDone:    c.close_on_context_done != 0,
		fuel:                  c.fuel != 0,
		totalMemoryBytes:      uint64(c.limit_total_memory_bytes),
		totalMemoryByDefault:  c.total_memory_by_default != 0,
		moduleBytes:           uint64(c.limit_module_bytes),
		concurrentCompiles:    uint32(c.limit_concurrent_compiles),
		guardPages:            uint32(c.guard_pages),
		limits: limits{
			memoryPages:    uint32(c.limit_memory_pages),
			tableElements:  uint32(c.limit_table_elements),
			callStackBytes: uint64(c.limit_call_stack_bytes),
			openFiles:      uint32(c.limit_open_files),
		},
	}
	if c.has_core_features != 0 {
		v := uint64(c.core_features)
		out.coreFeatures = &v
	}
	if c.has_memory_limit_pages != 0 {
		v := uint32(c.memory_limit_pages)
		out.memoryLimitPages = &v
	}
	return out
}

// groups is headroom.OfGroups as it was not long ago: to read it takes half of what a runtime does.
var groups groupsRead

type groupsRead struct {
	mu    sync.Mutex
	at    time.Time
	bytes uint64
}

func (g *groupsRead) read() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); g.at.IsZero() || now.Sub(g.at) > time.Second {
		g.at, g.bytes = now, headroom.OfGroups()
	}
	return g.bytes
}

// totalMemory is what all memories of the runtime may have: nobody who has not asked for more gets more than half of the control group.
func (c *runtimeConfig) totalMemory() uint64 {
	if c.totalMemoryByDefault {
		return max(1, min(c.totalMemoryBytes, groups.read()/2)) // 0 would be no limit
	}
	return c.totalMemoryBytes
}

// compilerHere: wazero has taken the compiler of itself, for its default features.
var compilerHere atomic.Bool

// build makes wazero's config; it panics where wazero does (no compiler here), which guard answers.
func (c *runtimeConfig) build() wazero.RuntimeConfig {
	var rc wazero.RuntimeConfig
	switch c.engine {
	case C.WZ_ENGINE_COMPILER:
		rc = wazero.NewRuntimeConfigCompiler()
	case C.WZ_ENGINE_INTERPRETER:
		rc = wazero.NewRuntimeConfigInterpreter()
	default:
		// To find out whether there is a compiler, wazero makes a mapping that can be executed each time.
		if compilerHere.Load() && c.coreFeatures == nil {
			rc = wazero.NewRuntimeConfigCompiler()
		} else {
			rc = wazero.NewRuntimeConfig()
		}
	}
	rc = rc.WithMemoryCapacityFromMax(c.memoryCapacityFromMax).
		WithDebugInfoEnabled(!c.debugInfoDisabled).
		WithCustomSections(c.customSections).
		WithCloseOnContextDone(c.closeOnContextDone)
	if c.coreFeatures != nil {
		rc = rc.WithCoreFeatures(api.CoreFeatures(*c.coreFeatures))
	}
	return rc.WithMemoryLimitPages(c.pages())
}

// pages are as many as a memory may have.
func (c *runtimeConfig) pages() uint32 {
	pages := uint32(65536)
	if c.memoryLimitPages != nil {
		pages = *c.memoryLimitPages
	}
	if c.limits.memoryPages > 0 {
		pages = min(pages, c.limits.memoryPages)
	}
	return pages
}

type moduleConfig struct {
	name           *string // nil: the name section's
	args           []string
	env            []string // key, value, ...
	startFunctions *[]string

	stdin  stream
	stdout stream
	stderr stream

	walltime  clock
	nanotime  clock
	nanosleep clock
	osyield   uint64 // callback, 0 = no-op

	randKind   uint32
	randBytes  []byte
	randTarget uint64

	mounts       []mount
	tcpListeners []string // host, port, ...
	limits       limits
	imports      map[string]handles.Handle
	tenant       handles.Handle // or 0

	freezeAtStdin bool
	answer        []byte // words, of the host function that an image waits in
	hostBase      uint64 // of a host module, or of hostTemplate: JavaScript knows its functions by this and their positions

	externs      []externRecord // what each import is, or nothing: they are what their names mean, or all of hostTemplate
	hostTemplate handles.Handle // the compiled host module of imports that are functions of JavaScript, or 0
}

// stream is one of the three standard streams: a WZ_SINK_* or WZ_SOURCE_* with what belongs to it.
type stream struct {
	kind   uint32
	fd     int32
	bytes  []byte
	target uint64
}

type clock struct {
	kind       uint32
	target     uint64
	resolution uint32 // ns
}

type mount struct {
	kind      uint32
	hostDir   string
	guestPath string
	target    uint64
}

func readModuleConfig(c *C.wz_module_config) *moduleConfig {
	out := &moduleConfig{
		args:       goList(c.args),
		env:        goList(c.env),
		stdin:      stream{uint32(c.stdin_kind), int32(c.stdin_fd), goBytes(c.stdin_bytes), uint64(c.stdin_target)},
		stdout:     stream{uint32(c.stdout_kind), int32(c.stdout_fd), nil, uint64(c.stdout_target)},
		stderr:     stream{uint32(c.stderr_kind), int32(c.stderr_fd), nil, uint64(c.stderr_target)},
		walltime:   clock{uint32(c.walltime_kind), uint64(c.walltime_target), uint32(c.walltime_resolution)},
		nanotime:   clock{uint32(c.nanotime_kind), uint64(c.nanotime_target), uint32(c.nanotime_resolution)},
		nanosleep:  clock{uint32(c.nanosleep_kind), uint64(c.nanosleep_target), 0},
		osyield:    uint64(c.osyield_target),
		randKind:   uint32(c.rand_kind),
		randBytes:  goBytes(c.rand_bytes),
		randTarget: uint64(c.rand_target),
		limits: limits{
			memoryPages:    uint32(c.limit_memory_pages),
			tableElements:  uint32(c.limit_table_elements),
			callStackBytes: uint64(c.limit_call_stack_bytes),
			openFiles:      uint32(c.limit_open_files),
		},
		tcpListeners: goList(c.tcp_listeners),
		tenant:       handles.Handle(c.tenant),
		imports:      map[string]handles.Handle{},

		freezeAtStdin: c.freeze_at_stdin != 0,
		answer:        goBytes(c.answer),
		hostBase:      uint64(c.host_base),
		hostTemplate:  handles.Handle(c.host_template),
	}
	if c.has_name != 0 {
		name := goString(c.name)
		out.name = &name
	}
	if c.has_start_functions != 0 {
		names := goList(c.start_functions)
		out.startFunctions = &names
	}
	for _, m := range unsafe.Slice(c.mounts.items, c.mounts.count) {
		out.mounts = append(out.mounts, mount{uint32(m.kind), goString(m.host_dir), goString(m.guest_path), uint64(m.target)})
	}
	for _, i := range unsafe.Slice(c.imports.items, c.imports.count) {
		out.imports[goString(i.name)] = handles.Handle(i.module)
	}
	for _, e := range unsafe.Slice(c.externs.items, c.externs.count) {
		out.externs = append(out.externs, externRecord{goString(e.name), handles.Handle(e.module), uint32(e.index)})
	}
	return out
}

func goString(s C.wz_str) string { return string(unsafe.Slice((*byte)(unsafe.Pointer(s.ptr)), s.len)) }

func goBytes(s C.wz_str) []byte {
	if s.len == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(s.ptr)), s.len)...)
}

func goList(l C.wz_list) []string {
	out := make([]string, 0, l.count)
	for _, s := range unsafe.Slice(l.items, l.count) {
		out = append(out, goString(s))
	}
	return out
}

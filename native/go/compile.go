package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/codecache"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
	"wazeronode/headroom"
	"wazeronode/prescan"
	"wazeronode/salts"
)

// compiledState is a wazero.CompiledModule. wazero counts references by the bytes and not by the handle, so Close is called once.
type compiledState struct {
	handle      handles.Handle
	rt          *runtimeState
	flight      *flight // that made it, and closes it after the last of its handles; nil of a host module
	inner       wazero.CompiledModule
	imports     []prescan.ImportModule
	importKinds string        // of each import, a prescan.Kind...
	sum         codecache.Key // of its bytes
	host        bool

	sharedMemory bool // its memory, own or imported, is one

	memory  prescan.Memory
	guarded bool       // inner does not compare addresses, see guarded.go
	other   *comparing // then: what does

	beginning *beginning // of all instances, or nil

	instanceBytes uint64 // about what an instance takes
	quick         bool   // to make one takes less than another thread does

	description *describe.Description // made where it was compiled: for many functions it takes time that the JS thread does not have; nil of a host module

	// where it was compiled with a listener
	functions []api.FunctionDefinition // that it defines
	heard     *describe.Description    // of these
	salt      *salts.Salt
	log       *logTarget

	// of a host module
	name          string
	export        hostExport
	hostFunctions []any // by index; nil with the engine of upstream
}

// addCompiled gives it a handle.
func (rt *runtimeState) addCompiled(c *compiledState) *compiledState {
	c.handle = handles.Add(handles.Compiled, c)
	rt.own(c)
	return c
}

// compilation is how a module is compiled.
type compilation struct {
	workers  uint32
	listener *listenerState // nil: none
	compares bool           // addresses, whatever memory it may get
	known    bool           // its code is in memory, or it fails: it waits for nothing
}

// compile is the work itself, on a goroutine of its own. The result has no handle. Nothing of wazero sees the bytes before the pre-scan has: their bodies are left to
// compileCode, which may have the code already.
func (rt *runtimeState) compile(ctx context.Context, binary []byte, sum codecache.Key, how compilation) (*compiledState, error) {
	listener := how.listener
	if err := refusal(prescan.CheckDeclarations(binary, rt.prescanLimits())); err != nil {
		return nil, err
	}
	if !how.known {
		select {
		case rt.gate <- struct{}{}:
			defer func() { <-rt.gate }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	release, err := reserveForCompile(binary)
	if err != nil {
		return nil, err
	}
	defer release()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer endWhereScarce(ctx, cancel)()
	if how.workers > 1 {
		ctx = experimental.WithCompilationWorkers(ctx, int(how.workers))
	}
	memory := prescan.MemoryOf(binary)
	var c *compiledState
	err = failure.Protect(func() (err error) {
		if listener != nil { // what it hears takes longer than comparing
			c, err = rt.compileHeard(ctx, binary, listener)
		} else if how.known {
			c, err = rt.compileKnown(ctx, binary, sum, rt.wantsGuard(memory))
		} else {
			c, err = rt.compileGuarded(ctx, binary, sum, !how.compares && rt.wantsGuard(memory))
		}
		return err
	})
	if err != nil {
		return nil, rt.refused(ctx, err)
	}
	c.imports, c.importKinds = prescan.Imports(binary)
	c.sum = sum
	c.memory, c.sharedMemory = memory, memory.Shared
	if c.guarded {
		c.other = &comparing{binary: binary, workers: how.workers}
		c.beginning = beginningOf(c)
	}
	c.instanceBytes, c.quick = prescan.InstanceBytes(binary), prescan.IsQuick(binary)
	err = failure.Protect(func() (err error) {
		if c.inner != nil {
			if c.description, err = c.describe(ctx, binary); err != nil {
				return err
			}
		}
		if listener != nil && listener.Log == nil {
			c.heard, err = describe.Functions(ctx, c.functions)
		}
		return err
	})
	if err != nil {
		if c.inner != nil { // else it is a list of functions for a filter
			_ = c.inner.Close(context.Background())
		}
		c.salt.Release()
		return nil, err
	}
	return c, nil
}

// refused is what wazero's error says to JavaScript.
func (rt *runtimeState) refused(ctx context.Context, err error) error {
	if scarce := (*failure.Error)(nil); errors.As(context.Cause(ctx), &scarce) {
		return scarce
	}
	if rt.isClosed() {
		return failure.Closed(err.Error())
	}
	refused := failure.Classify(err, failure.CodeCompile)
	if refused.Code == failure.CodeTrap { // wazero panicked: of a module that has not run nothing traps
		refused.Code, refused.Kind = failure.CodeCompile, ""
	}
	return refused
}

// validate says what is wrong with a module, if anything, as compile would. On the JS thread, which nothing of it waits for.
func (rt *runtimeState) validate(binary []byte) error {
	if rt.isClosed() {
		return failure.Closed("the runtime is closed")
	}
	limits := rt.prescanLimits()
	if err := refusal(prescan.CheckDeclarations(binary, limits)); err != nil {
		return err
	}
	if err := refusal(prescan.Check(binary, limits)); err != nil {
		return err
	}
	release, err := reserveForCompile(binary)
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	defer endWhereScarce(ctx, cancel)()
	if err := failure.Protect(func() error { return validateModule(ctx, rt.inner, binary) }); err != nil {
		return rt.refused(ctx, err)
	}
	return nil
}

// reserveForCompile refuses what may take more memory than the process has left, because Go cannot recover from that. Measured: real modules
// take 10 to 20 times their size, the worst function (many locals that live across many loops) 250 times its own, and each label of a br_table,
// which is a byte at least, 2.4 KB. An import or export is 320 bytes in what is kept to describe it.
func reserveForCompile(binary []byte) (release func(), _ error) {
	const perByte, perByteOfLargest, perLabel, perFunction, perName, little = 16, 250, 2400, 640, 320, 16 << 20
	code, largest := prescan.Weight(binary)
	functions, names := prescan.Counts(binary)
	needed := prescan.InstanceBytes(binary) + uint64(len(binary)) + perByte*code + perByteOfLargest*largest +
		perLabel*min(largest, prescan.MaxLabels) + perFunction*uint64(functions) + perName*uint64(names)
	if needed <= little && (!headroom.Limited() || headroom.AllowsPieces(needed)) {
		return func() {}, nil
	}
	release, left, ok := headroom.Reserve(needed, needed <= little)
	if !ok {
		return nil, failure.Limit("moduleBytes", fmt.Sprintf(
			"compiling a module of %d bytes may take %d MiB, but the process has no more than %d MiB left", len(binary), needed>>20, left>>20))
	}
	return release, nil
}

// endWhereScarce cancels what takes more than its bytes say, before Go runs out of memory: the allocator of registers takes blocks times values
// that live through them (29 KB of WebAssembly: 380 MB; 200 KB: 13 GB, had it the time).
func endWhereScarce(ctx context.Context, cancel context.CancelCauseFunc) (stop func() bool) {
	const every = 5 * time.Millisecond
	var look func()
	look = func() {
		if ctx.Err() != nil { // it has ended
			return
		}
		if headroom.Scarce() {
			cancel(failure.Limit("moduleBytes", "compiling this module takes more memory than the process has left"))
			return
		}
		time.AfterFunc(every, look)
	}
	return time.AfterFunc(every, look).Stop
}

// compileAnew is for a module whose code nobody has.
func (rt *runtimeState) compileAnew(ctx context.Context, binary []byte) (wazero.CompiledModule, error) {
	if err := refusal(prescan.Check(binary, rt.prescanLimits())); err != nil {
		return nil, err
	}
	return rt.inner.CompileModule(ctx, binary)
}

func (rt *runtimeState) prescanLimits() prescan.Limits {
	return prescan.Limits{ModuleBytes: rt.config.moduleBytes, TableElements: rt.config.limits.tableElements}
}

// refusal is the pre-scan's error as one of ours.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	var refused *prescan.Error
	if errors.As(err, &refused) && refused.Limit != "" {
		return failure.Limit(refused.Limit, refused.Message)
	}
	return &failure.Error{Code: failure.CodeCompile, Message: err.Error()}
}

func (rt *runtimeState) isClosed() bool {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.closed
}

func compileAborted(reason string) error {
	return &failure.Error{Code: failure.CodeAborted, Message: "the compilation was stopped before it had ended", Reason: reason}
}

// disown closes it; idempotent, for only who removes the handle goes on.
func (c *compiledState) disown() {
	if handles.Remove(c.handle, handles.Compiled) == nil {
		return
	}
	c.rt.release(c)
	c.letGo()
	if c.flight == nil {
		_ = c.inner.Close(context.Background())
	}
}

// describe is for what has code; of a host module there are no bytes.
func (c *compiledState) describe(ctx context.Context, binary []byte) (*describe.Description, error) {
	globals, tables := prescan.Externs(binary)
	return describe.Compiled(ctx, describe.Module{Globals: globals, Tables: tables, Inner: c.inner, Sections: c.customSections(), Imports: c.imports, ImportKinds: c.importKinds, SharedMemory: c.sharedMemory, Quick: c.quick})
}

// customSections are the module's own.
func (c *compiledState) customSections() []api.CustomSection {
	if !c.rt.config.customSections { // wazero keeps them for DWARF too
		return nil
	}
	sections := c.inner.CustomSections()
	if c.salt.IsApplied() {
		sections = sections[:len(sections)-1]
	}
	return sections
}

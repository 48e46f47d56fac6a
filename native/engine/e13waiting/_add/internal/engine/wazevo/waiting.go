package wazevo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasmdebug"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// A stack of native code has addresses of these kinds in it, and no others that live while its guest waits in a host function (waiting_check_test.go
// checks that for each call that is compiled): return addresses; on amd64 the chain of frame pointers; the execution and the module context, which have
// words of their own in each frame, and two at the top for the entry. So a copy of it, with those changed, belongs to another instance of the same code.
//
// References to functions and exceptions are addresses, too, and no word tells them from an i64. A function that ever has one as an operand is known by
// its index, and is not copied while it waits.

// waiting is the part of a callEngine that goes on where another call waited.
type waiting struct {
	answered bool // the host function's results are on the stack
	nested   bool // the call was made by a host function that Go calls in another call
}

// references has a bit for each local function that may hold references.
type references []uint64

func newReferences(functions int) references { return make(references, (functions+63)/64) }
func (r references) add(i int)               { r[i/64] |= 1 << (i % 64) }
func (r references) bit(i int) uint64 {
	if i/64 >= len(r) {
		return 0
	}
	return r[i/64] >> (i % 64) & 1
}

func referencesOf(module *wasm.Module) references {
	r := newReferences(len(module.CodeSection))
	for i := range module.CodeSection {
		if module.CodeSection[i].HasReferences {
			r.add(i)
		}
	}
	return r
}

// wordsBelow is the stack of a call that has left native code: word(n) is n words below its top.
type wordsBelow struct {
	top   uintptr
	words []uint64
}

func (c *callEngine) wordsBelow() wordsBelow {
	sp := uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall))
	return wordsBelow{c.stackTop, unsafe.Slice(wazevoapi.PtrFromUintptr[uint64](sp), (c.stackTop-sp)/8)}
}

func (w wordsBelow) word(n uint32) *uint64    { return &w.words[len(w.words)-int(n)] }
func (w wordsBelow) address(n uint32) uintptr { return w.top - 8*uintptr(n) }
func (w wordsBelow) below(addr uint64) uint32 { return uint32((uint64(w.top) - addr) / 8) }
func (w wordsBelow) holds(n uint32) bool      { return n > 0 && int(n) <= len(w.words) }
func (w wordsBelow) isBelow(addr, a uint64) bool {
	return addr > a && addr < uint64(w.top) && addr%8 == 0
}

// waitingFrame is where a frame has what a copy of it gets anew; frame, in waiting_amd64.go and waiting_arm64.go, finds it.
type waitingFrame struct {
	returns           uint32 // the return address
	execution, module uint32 // the contexts, which the first frame, that of the way out, does not have
	caller            uint32 // the frame of the function that has called; 0: the entry has
}

// FreezeWaiting implements wasm.WaitingCall. The goroutine of the call waits in the host function.
func (c *callEngine) FreezeWaiting(instance *wasm.ModuleInstance) (*wasm.Waiting, string) {
	m := c.parent
	exit := c.execCtx.exitCode & wazevoapi.ExitCodeMask
	switch {
	case !keepsContexts:
		return nil, "no stack of this processor's can be copied"
	case m.module != instance:
		return nil, "it waits in a call of another guest's function"
	case c.nested:
		return nil, "another call of it waits below this one"
	case len(m.parent.listeners) > 0:
		return nil, "a listener hears it"
	case exit != wazevoapi.ExitCodeCallGoFunction && exit != wazevoapi.ExitCodeCallGoModuleFunction:
		return nil, "it does not wait in a host function that it has called"
	case c.execCtx.callerModuleContextPtr != m.opaquePtr:
		return nil, "the host function was called by another guest"
	case len(c.tryHandlers) > 0:
		return nil, "it waits inside of try_table"
	case c.exceptions.KeepAll:
		return nil, "a snapshot of the call was taken"
	case c.stack == nil:
		return nil, "its stack is not there"
	}
	if start := m.module.Source.StartSection; start != nil && *start == c.indexInModule {
		return nil, "it waits in its start section"
	}
	w := &wasm.Waiting{Function: c.indexInModule, Guarded: m.parent.module.Guarded}
	index, ok := m.importWaitedIn(&c.execCtx)
	if !ok {
		return nil, "it does not wait in a host function that it imports"
	}
	w.Import = index
	code := m.wayOut(index)
	at := uintptr(unsafe.Pointer(c.execCtx.goCallReturnAddress)) - uintptr(unsafe.Pointer(&code[0]))
	if at >= uintptr(len(code)) {
		return nil, "it does not wait in a host function that it imports"
	}
	w.Exit, w.ExitSum = uint32(at), sha256.Sum256(code[at:])

	s := c.wordsBelow()
	if len(s.words) > 1<<27 { // 1 GiB
		return nil, "its stack is too large"
	}
	if obstacle := c.walk(s, w); obstacle != "" {
		return nil, obstacle
	}
	w.Words = slices.Clone(s.words)
	for i := range savedRegisters {
		w.Registers = append(w.Registers, c.execCtx.savedRegisters[i][0], c.execCtx.savedRegisters[i][1])
	}
	ranges := c.ranges()
	w.Stray, w.StrayRegisters = ranges.strays(w.Words), ranges.strays(w.Registers)
	return w, ""
}

// walk notes the frames, and looks whether each is what a copy takes it for.
func (c *callEngine) walk(s wordsBelow, w *wasm.Waiting) (obstacle string) {
	const damaged = "its stack is not as expected"
	m := c.parent
	n, ok := c.firstFrame(s)
	for ok {
		var f waitingFrame
		if f, ok = s.frame(n, c.endOfChain()); !ok {
			break
		}
		w.Frames = append(w.Frames, n)
		if len(w.Frames) > 1 && (*s.word(f.execution) != uint64(c.execCtxPtr) || *s.word(f.module) != uint64(uintptr(unsafe.Pointer(m.opaquePtr)))) {
			return "a function of another guest waits on its stack"
		}
		returns := uintptr(*s.word(f.returns))
		if f.caller == 0 {
			at := returns - uintptr(unsafe.Pointer(c.preambleExecutable))
			if at >= uintptr(len(m.parent.entryPreambles)) || len(w.Frames) < 2 || n < 4 || *s.word(2) != uint64(c.execCtxPtr) {
				return damaged
			}
			w.Entry = uint32(at)
			return ""
		}
		if !checkAddrInBytes(returns, m.parent.executable) {
			return "a function of another guest waits on its stack"
		}
		function := m.parent.functionIndexOf(returns)
		if m.parent.references.bit(int(function)) != 0 {
			return "a function that holds references waits on its stack: " + wasmdebug.Shown(m.module.Source.FunctionDefinition(function+m.module.Source.ImportFunctionCount).DebugName())
		}
		offset := returns - uintptr(unsafe.Pointer(&m.parent.executable[m.parent.functionOffsets[function]]))
		w.Returns = append(w.Returns, wasm.WaitingReturn{Function: function, Offset: uint32(offset)})
		n = f.caller
	}
	return damaged
}

// endOfChain is what the chain of frame pointers ends with, where there is one: see edit e12guard.
func (c *callEngine) endOfChain() uint64 { return uint64(c.execCtxPtr) + 1 }

// importWaitedIn finds the function that a guest has left for among those that it imports.
func (m *moduleEngine) importWaitedIn(ec *executionContext) (wasm.Index, bool) {
	index := wasm.Index(wazevoapi.GoFunctionIndexFromExitCode(ec.exitCode))
	for i := range m.importedFunctions {
		f := &m.importedFunctions[i]
		if f.indexInModule == index && uintptr(unsafe.Pointer(f.me.opaquePtr)) == ec.goFunctionCallCalleeModuleContextOpaque {
			return wasm.Index(i), true
		}
	}
	return 0, false
}

// wayOut is the native code of a host function, which leaves for the host and comes back.
func (m *moduleEngine) wayOut(index wasm.Index) []byte {
	f := &m.importedFunctions[index]
	host := f.me.parent
	begin, end := host.functionOffsets[f.indexInModule], len(host.executable)
	if next := int(f.indexInModule) + 1; next < len(host.functionOffsets) {
		end = host.functionOffsets[next]
	}
	return bytes.TrimRight(host.executable[begin:end:end], "\x00") // up to its ret
}

var errForeignWaiting = errors.New("the image is not of this module")

// checkWaiting looks whether one that comes from elsewhere fits the code.
func (cm *compiledModule) checkWaiting(w *wasm.Waiting) error {
	if !keepsContexts || len(cm.listeners) > 0 || len(w.Registers) != 2*savedRegisters {
		return errForeignWaiting
	}
	source := cm.module
	last := len(w.Frames) - 1
	if last < 1 || len(w.Returns) != last || w.Import >= source.ImportFunctionCount || w.Function < source.ImportFunctionCount ||
		w.Function-source.ImportFunctionCount >= wasm.Index(len(source.FunctionSection)) || !framesFit(w) {
		return errForeignWaiting
	}
	for _, r := range w.Returns {
		if int(r.Function) >= len(cm.functionOffsets) || cm.references.bit(int(r.Function)) != 0 {
			return errForeignWaiting
		}
		end := len(cm.executable)
		if next := int(r.Function) + 1; next < len(cm.functionOffsets) {
			end = cm.functionOffsets[next]
		}
		if int(r.Offset) >= end-cm.functionOffsets[r.Function] {
			return errForeignWaiting
		}
	}
	return nil
}

// resumedCall is a callEngine that goes on.
type resumedCall struct {
	ctx   context.Context
	c     *callEngine
	words []uint64
}

// Resume implements wasm.WaitingEngine.
func (m *moduleEngine) Resume(ctx context.Context, w *wasm.Waiting, answer []uint64) (wasm.ResumedCall, error) {
	if err := m.parent.checkWaiting(w); err != nil {
		return nil, err
	}
	if w.Guarded != m.parent.module.Guarded {
		return nil, errors.New("the code that it waits in is of memories with guard pages, or without, and this module has another kind")
	}
	imported := &m.importedFunctions[w.Import]
	host := imported.me.module.Source
	code := m.wayOut(w.Import)
	if !host.IsHostModule || len(imported.me.parent.listeners) > 0 || int(w.Exit) >= len(code) || sha256.Sum256(code[w.Exit:]) != w.ExitSum {
		return nil, errors.New("the function that it waits in is not one that a host function of the image's can stand for")
	}
	c := m.NewFunction(w.Function).(*callEngine)
	if int(w.Entry) >= len(m.parent.entryPreambles) {
		return nil, errForeignWaiting
	}
	ec := &c.execCtx
	switch index := int(imported.indexInModule); host.CodeSection[index].GoFunc.(type) {
	case api.GoModuleFunction:
		ec.exitCode = wazevoapi.ExitCodeCallGoModuleFunctionWithIndex(index, false)
	default:
		ec.exitCode = wazevoapi.ExitCodeCallGoFunctionWithIndex(index, false)
	}
	ec.goFunctionCallCalleeModuleContextOpaque = uintptr(unsafe.Pointer(imported.me.opaquePtr))
	ec.callerModuleContextPtr = m.opaquePtr
	ec.goCallReturnAddress = &code[w.Exit]
	for i := range savedRegisters {
		ec.savedRegisters[i] = [2]uint64{w.Registers[2*i], w.Registers[2*i+1]}
	}

	_, usable := classOf(8*len(w.Words) + 2048) // it grows as any other
	if limit := nodehost.MaxStackBytesOf(ctx); limit > 0 && 8*len(w.Words) > limit || !nodehost.MayAllocate(uint64(usable)) {
		return nil, wasmruntime.ErrRuntimeStackOverflow
	}
	c.stack = allocStack(usable)
	c.stackTop = alignedStackTop(c.stack)
	s := wordsBelow{top: c.stackTop}
	sp := s.address(uint32(len(w.Words)))
	ec.stackPointerBeforeGoCall = wazevoapi.PtrFromUintptr[uint64](sp)
	ec.framePointerBeforeGoCall = s.address(w.Frames[0]) // nobody's, where there are no frame pointers
	// As numbers: a typed pointer would have the collector look at what was there before, which is no pointer.
	s.words = unsafe.Slice(ec.stackPointerBeforeGoCall, len(w.Words))
	copy(s.words, w.Words)
	for i, n := range w.Frames {
		link, returns := c.endOfChain(), uintptr(unsafe.Pointer(c.preambleExecutable))+uintptr(w.Entry)
		if i < len(w.Returns) {
			r := w.Returns[i]
			link = uint64(s.address(w.Frames[i+1]))
			returns = uintptr(unsafe.Pointer(&m.parent.executable[m.parent.functionOffsets[r.Function]])) + uintptr(r.Offset)
		}
		s.relink(n, link)
		f, _ := s.frame(n, c.endOfChain())
		if i > 0 {
			*s.word(f.execution), *s.word(f.module) = uint64(c.execCtxPtr), uint64(uintptr(unsafe.Pointer(m.opaquePtr)))
		}
		*s.word(f.returns) = uint64(returns)
	}
	words := make([]uint64, max(c.sizeOfParamResultSlice, 1))
	*s.word(2), *s.word(1) = uint64(c.execCtxPtr), uint64(uintptr(unsafe.Pointer(&words[0])))
	if answer != nil {
		view := goCallStackView(ec.stackPointerBeforeGoCall)
		clear(view[copy(view, answer):])
		c.answered = true
	}
	return &resumedCall{ctx, c, words}, nil
}

// Run implements wasm.ResumedCall.
func (r *resumedCall) Run() error {
	c := r.c
	c.stackCtx = r.ctx
	c.armStackLimit()
	defer c.TakeBack()
	if err := c.parent.module.FailIfClosed(); err != nil {
		return err
	}
	return c.callWithStack(r.ctx, r.words)
}

// CheckWaiting implements wasm.WaitingEngine.
func (m *moduleEngine) CheckWaiting(w *wasm.Waiting) error { return m.parent.checkWaiting(w) }

var (
	_ wasm.WaitingCall   = (*callEngine)(nil)
	_ wasm.WaitingEngine = (*moduleEngine)(nil)
)

//go:build amd64 || arm64

package wazevo

import (
	"context"
	"unsafe"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/expctxkeys"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// A call that was entered without Go runs on a stack that its caller owns, with the limit that he stored. What he writes
// into this engine are the words of the execution context that native code writes, too; all else is told by Lend, when
// he comes back with an exit code: a call begins with exit code 0 and has another one from its first exit to its last.

// DirectEntry implements nodehost.Direct. The caller would have to look at parameters that must be null references, so
// he gets none that has such.
func (c *callEngine) DirectEntry() (entry nodehost.DirectEntry, ok bool) {
	var ec executionContext
	return nodehost.DirectEntry{
		Preamble:         uintptr(unsafe.Pointer(c.preambleExecutable)),
		Executable:       uintptr(unsafe.Pointer(c.executable)),
		ExecutionContext: c.execCtxPtr,
		ModuleContext:    uintptr(unsafe.Pointer(c.parent.opaquePtr)),
		Closed:           uintptr(unsafe.Pointer(&c.parent.module.Closed)),
		Words:            c.sizeOfParamResultSlice,
		HostWords:        hostWords(),
		ExitCode:         unsafe.Offsetof(ec.exitCode),
		CallerModule:     unsafe.Offsetof(ec.callerModuleContextPtr),
		StackLimit:       unsafe.Offsetof(ec.stackBottomPtr),
		ReturnAddress:    unsafe.Offsetof(ec.goCallReturnAddress),
		StackPointer:     unsafe.Offsetof(ec.stackPointerBeforeGoCall),
		Callee:           unsafe.Offsetof(ec.goFunctionCallCalleeModuleContextOpaque),
		FramePointer:     unsafe.Offsetof(ec.framePointerBeforeGoCall),
	}, len(c.exceptionParams) == 0 && !wazevoapi.StackGuardCheckEnabled
}

// hostWords measures on a stack whose sizes, of a frame or of the words, are all 8: each architecture has its own layout.
func hostWords() uintptr {
	stack := [4]uint64{8, 8, 8, 8}
	return uintptr(unsafe.Pointer(unsafe.SliceData(goCallStackView(&stack[0])))) - uintptr(unsafe.Pointer(&stack[0]))
}

// BelongsTo tells whether the function is of this instance, and not one that it exports again.
func (c *callEngine) BelongsTo(m *wasm.ModuleInstance) bool { return c.parent.module == m }

// Lend implements nodehost.Direct. The stack is no more this engine's to give away than one of a snapshot.
func (c *callEngine) Lend(ctx context.Context, stack []byte) {
	c.stack, c.stackTop, c.stackCtx, c.stackOfSnapshot = stack, alignedStackTop(stack), ctx, true
}

// TakeBack implements nodehost.Direct.
func (c *callEngine) TakeBack() {
	c.execCtx.exitCode = wazevoapi.ExitCodeOK
	c.giveStack()
}

// Interrupt implements nodehost.Direct.
func (c *callEngine) Interrupt() { c.run.Poison() }

// WithSnapshots implements nodehost.Direct.
func (c *callEngine) WithSnapshots(ctx context.Context) context.Context {
	return context.WithValue(ctx, expctxkeys.SnapshotterKey{}, c)
}

// FailIfClosed implements nodehost.Direct.
func (c *callEngine) FailIfClosed() error { return c.parent.module.FailIfClosed() }

func init() { nodehost.StackHeadroom = stackHeadroom }

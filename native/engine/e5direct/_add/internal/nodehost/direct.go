package nodehost

import "context"

// DirectEntry is what a caller outside of Go needs to enter a function: addresses, and offsets into the execution context.
type DirectEntry struct {
	Preamble, Executable, ExecutionContext, ModuleContext uintptr
	Closed                                                uintptr // a word: not 0 once the module is closed
	Words                                                 int     // of the larger of parameters and results
	HostWords                                             uintptr // from the stack pointer at an exit to the words of a host function

	ExitCode, CallerModule, StackLimit, ReturnAddress, StackPointer, Callee, FramePointer uintptr
}

// Direct is a function of the compiler that a caller outside of Go enters by itself, on a stack of his own, one call at a
// time. He comes back for every exit that he does not answer: CallWithStack then goes on from the exit code to the end.
type Direct interface {
	DirectEntry() (entry DirectEntry, ok bool)
	// Lend tells the call that is under way which stack it runs on. ctx has the limit of its growth.
	Lend(ctx context.Context, stack []byte)
	// TakeBack ends the loan, whatever became of the call.
	TakeBack()
	// Interrupt makes the call that is under way, if there is one, leave native code at its next poll. Any thread.
	Interrupt()
	// WithSnapshots makes experimental.GetSnapshotter find the call that is under way.
	WithSnapshots(ctx context.Context) context.Context
	// FailIfClosed is what a call that has returned ends with where its module was closed meanwhile.
	FailIfClosed() error
}

// StackHeadroom is set by the engine: how much room a signal handler needs below the limit of a stack.
var StackHeadroom int

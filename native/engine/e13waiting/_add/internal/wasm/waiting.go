package wasm

import "context"

// Waiting is a call that waits in a host function, with its stack: data without an address in it but for dead words, which nobody reads. Words of the
// stack are named by how far below its top they are.
type Waiting struct {
	Function  Index // that was called from outside
	Import    Index // the host function, among the functions that the module imports
	Words     []uint64
	Registers []uint64
	// Frames are where the frame pointer of each frame points to, innermost first: that of the way out to the host is the first.
	Frames []uint32
	// Returns are where each frame but the last returns to.
	Returns []WaitingReturn
	// Guarded is which code of the module it is of.
	Guarded bool
	// Entry and Exit are offsets: where the last frame returns to in the entry of its function, and where the host function does in the way out to it.
	Entry, Exit uint32
	// ExitSum is of the code from there.
	ExitSum [32]byte
	// Stray and StrayRegisters are the numbers of words that look like addresses of this process. Nobody reads their upper halves, unless a value of the
	// guest's looks so by chance: a file of the call has zeros there. The lower half may be a value of 32 bits, spilled over a dead address.
	Stray, StrayRegisters []uint32
}

// WaitingReturn is an offset in the code of a function.
type WaitingReturn struct{ Function, Offset uint32 }

// Bytes is about what it takes.
func (w *Waiting) Bytes() uint64 {
	if w == nil {
		return 0
	}
	return 8*uint64(len(w.Words)+len(w.Registers)+len(w.Returns)) + 4*uint64(len(w.Frames))
}

// ResumedCall goes on where another call waited. Run is called once.
type ResumedCall interface {
	Run() error
}

// WaitingEngine is a ModuleEngine that can do so.
type WaitingEngine interface {
	// CheckWaiting is for one that comes from elsewhere.
	CheckWaiting(*Waiting) error
	// Resume has the host function return these words, and zeros behind them, or, where they are nil, be called again.
	Resume(ctx context.Context, w *Waiting, answer []uint64) (ResumedCall, error)
}

// WaitingCall is the call of which a host function was given the context.
type WaitingCall interface {
	// FreezeWaiting takes it; obstacle says why it cannot be.
	FreezeWaiting(*ModuleInstance) (w *Waiting, obstacle string)
}

package wazevo

import "github.com/tetratelabs/wazero/internal/wasm"

// keepsContexts: each frame has words for its contexts, see backend/isa/arm64/contexts.go; savedRegisters are those that the way out to the host saves.
const (
	keepsContexts  = true
	entryContexts  = 16
	savedRegisters = 22
)

// A frame is where the stack pointer is in its function, and begins with its size. The execution context is above that, and above this the module
// context. The return address and the size of arguments and results are above the frame, then these, then the caller's frame: nothing links them but
// their sizes.

func (c *callEngine) firstFrame(s wordsBelow) (n uint32, ok bool) { return uint32(len(s.words)), true }

func (s wordsBelow) frame(n uint32, _ uint64) (f waitingFrame, ok bool) {
	const entry = entryContexts / 8
	f = waitingFrame{execution: n - 1, module: n - 2}
	size := *s.word(n)
	if n < entry+4 || size%16 != 0 || size/8 > uint64(n-entry-4) {
		return f, false
	}
	f.returns = n - 2 - uint32(size/8)
	above := f.returns - 2
	if size = *s.word(f.returns - 1); size%16 != 0 || size/8 > uint64(above-entry) {
		return f, false
	}
	if f.caller = above - uint32(size/8); f.caller == entry {
		f.caller = 0
	}
	return f, true
}

func (s wordsBelow) relink(uint32, uint64) {}

// framesFit looks whether frames that come from elsewhere are those of their stack.
func framesFit(w *wasm.Waiting) bool {
	s := wordsBelow{words: w.Words}
	n := uint32(len(w.Words))
	for i, frame := range w.Frames {
		if n != frame {
			return false
		}
		f, ok := s.frame(n, 0)
		if !ok || i > 0 && f.module <= f.returns {
			return false
		}
		n = f.caller
	}
	return n == 0
}

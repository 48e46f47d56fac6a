package wazevo

import "github.com/tetratelabs/wazero/internal/wasm"

// keepsContexts: each frame has words for its contexts, see backend/isa/amd64/contexts.go; savedRegisters are those that the way out to the host saves.
const (
	keepsContexts  = true
	entryContexts  = 16
	savedRegisters = 13
)

// A frame is where its frame pointer points to: to the frame pointer of its caller. The return address is above it, the contexts are below.

func (c *callEngine) firstFrame(s wordsBelow) (n uint32, ok bool) {
	fp := uint64(c.execCtx.framePointerBeforeGoCall)
	return s.below(fp), s.isBelow(fp, uint64(s.address(uint32(len(s.words)))))
}

func (s wordsBelow) frame(n uint32, endOfChain uint64) (f waitingFrame, ok bool) {
	f = waitingFrame{returns: n - 1, execution: n + 1, module: n + 2}
	link := *s.word(n)
	if link == 0 || link == endOfChain {
		return f, true
	}
	f.caller = s.below(link)
	return f, s.isBelow(link, uint64(s.address(n)))
}

func (s wordsBelow) relink(n uint32, link uint64) { *s.word(n) = link }

// framesFit looks whether frames that come from elsewhere are where frames can be.
func framesFit(w *wasm.Waiting) bool {
	if w.Frames[len(w.Frames)-1] < 4 || int(w.Frames[0]) >= len(w.Words) {
		return false
	}
	for i, n := range w.Frames {
		if i > 0 && (n >= w.Frames[i-1] || int(n)+2 > len(w.Words)) || i > 1 && n+2 >= w.Frames[i-1] {
			return false
		}
	}
	return true
}

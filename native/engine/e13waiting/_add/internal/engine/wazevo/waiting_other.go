//go:build !amd64 && !arm64

package wazevo

import "github.com/tetratelabs/wazero/internal/wasm"

// keepsContexts: nobody has given a frame words for its contexts here, so that no stack can be copied to another instance.
const (
	keepsContexts  = false
	entryContexts  = 0
	savedRegisters = 0
)

func (c *callEngine) firstFrame(wordsBelow) (n uint32, ok bool)     { return 0, false }
func (s wordsBelow) frame(uint32, uint64) (f waitingFrame, ok bool) { return f, false }
func (s wordsBelow) relink(uint32, uint64)                          {}
func framesFit(*wasm.Waiting) bool                                  { return false }

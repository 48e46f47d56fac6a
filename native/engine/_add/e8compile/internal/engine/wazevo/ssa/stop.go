package ssa

import "errors"

var errStopped = errors.New("nobody waits for this function any more")

// StopAt has the work on a function end by a panic when done is closed: what takes long is finding values of many
// variables through many blocks, and the parameters of blocks that come of it (30 KB of WebAssembly: more than a minute).
func (b *builder) StopAt(done <-chan struct{}) { b.stop = done }

func (b *builder) poll() {
	select {
	case <-b.stop:
		panic(errStopped)
	default:
	}
}

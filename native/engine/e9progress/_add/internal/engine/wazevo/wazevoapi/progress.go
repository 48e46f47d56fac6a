package wazevoapi

import "sync/atomic"

// Progress is written by the compiler's workers.
type Progress struct{ done, functions atomic.Uint32 }

// ProgressKey is the context key of a *Progress.
type ProgressKey struct{}

// Read returns how many functions of how many are compiled: 0 of 0 before the first is.
func (p *Progress) Read() (done, functions uint32) { return p.done.Load(), p.functions.Load() }

// Compiled counts one more function of so many.
func (p *Progress) Compiled(functions int) {
	p.functions.Store(uint32(functions))
	p.done.Add(1)
}

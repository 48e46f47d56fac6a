package frames

import "sync/atomic"

// Waiting is what a frame does that is in no guest code and in no function of the host.
const Waiting = "(waiting)"

// Sampled is called for a frame that was told to sample itself n times since: on its own goroutine, where its guest has stopped. leaf is what
// it did, where its stack does not say that. Set once, before the first Sample.
var Sampled func(f *Frame, n uint32, leaf string)

// samples are asked for by another thread, and made where the frame comes by.
type samples struct{ asked atomic.Uint32 }

// Sample asks for n more samples, if the frame is the one of its group that runs or waits. Any thread.
func (f *Frame) Sample(n uint32) bool {
	if f.member.Group.top() != f {
		return false
	}
	f.samples.asked.Add(n)
	f.control.interrupt()
	return true
}

// TakeSamples has the frame make the samples that were asked for before it was known.
func (f *Frame) TakeSamples(n uint32) { f.samples.asked.Add(n) }

// sampled makes what was asked for up to now.
func (f *Frame) sampled(leaf string) {
	if f.samples.asked.Load() == 0 {
		return
	}
	if n := f.samples.asked.Swap(0); n > 0 && Sampled != nil {
		Sampled(f, n, leaf)
	}
}

// InHost is for a host function that was called without Go: until now the guest was in there.
func (f *Frame) InHost() { f.sampled("") }

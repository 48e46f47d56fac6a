package frames

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/slots"
)

// instance stands for package main's.
type instance struct {
	Member
	closed bool
}

func (i *instance) Handle() uint64      { return 1 }
func (i *instance) Share() *slots.Share { return &slots.Share{} }
func (i *instance) Account() *accounts.Account {
	a, _ := accounts.New(nil)
	return a
}
func (i *instance) CountsFuel() bool { return false }
func (i *instance) IsClosed() bool   { return i.closed }
func (i *instance) Close(uint32)     { i.closed = true }
func (i *instance) HasFiles() bool   { return false }
func (i *instance) InterruptFiles()  {}

func newInstance() *instance {
	i := &instance{}
	i.Self, i.Group = i, &Group{}
	return i
}

func testFrame(g *Group) *Frame {
	i, f := newInstance(), &Frame{}
	i.Group = g
	f.Init(Options{Lane: abi.LaneAsync}, &i.Member, func() {})
	return f
}

func TestAStopReachesTheFramesAbove(t *testing.T) {
	g := &Group{}
	below, above := testFrame(g), testFrame(g)
	below.push()
	above.push()
	below.StopAll(StopWord(abi.StopTimeout, 0))
	if above.stop.Load() == 0 {
		t.Fatal("the frame above runs on")
	}
	above.pop()
	below.pop()
	if g.top() != nil {
		t.Fatal("the group is not at rest")
	}
	late := testFrame(g)
	below.push()
	late.push()
	if late.stop.Load() == 0 {
		t.Fatal("a frame above a stopped one runs")
	}
}

// Found by the model of operations: whoever began to wait while the frame was being stopped closed the channel, and the stop did it again.
func TestAFrameThatIsStoppedWhileItBeginsToWait(t *testing.T) {
	for range 100_000 {
		f := testFrame(&Group{})
		var both sync.WaitGroup
		var ready atomic.Int32
		together := func(do func()) {
			both.Go(func() {
				for ready.Add(1); ready.Load() < 2; {
					runtime.Gosched()
				}
				do()
			})
		}
		together(func() { <-f.Stopped() })
		together(func() { f.StopSelf(StopWord(abi.StopAbort, 0)) })
		both.Wait()
	}
}

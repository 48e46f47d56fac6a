package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wazeronode/abi"
)

func testFrame() *frame { return frameIn(&runtimeState{}) }

func frameIn(rt *runtimeState) *frame {
	f := &frame{lane: abi.LaneAsync, env: &env{frames: map[uint64]*frame{}}, group: &group{}, module: &moduleState{rt: rt}}
	f.control = newControl(f)
	return f
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain: ", what)
		}
	}
}

func TestAStopReachesTheFramesAbove(t *testing.T) {
	g := &group{}
	below, above := testFrame(), testFrame()
	below.group, above.group = g, g
	below.push()
	above.push()
	below.stopAll(stopWord(abi.StopTimeout, 0))
	if above.stop.Load() == 0 {
		t.Fatal("the frame above runs on")
	}
	above.pop()
	below.pop()
	if g.top.Load() != nil {
		t.Fatal("the group is not at rest")
	}
	late := testFrame()
	late.group = g
	below.push()
	late.push()
	if late.stop.Load() == 0 {
		t.Fatal("a frame above a stopped one runs")
	}
}

// Found by the model of operations: whoever began to wait while the frame was being stopped closed the channel, and the stop did it again.
func TestAFrameThatIsStoppedWhileItBeginsToWait(t *testing.T) {
	for range 100_000 {
		f := testFrame()
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
		together(func() { <-f.stopped() })
		together(func() { f.stopSelf(stopWord(abi.StopAbort, 0)) })
		both.Wait()
	}
}

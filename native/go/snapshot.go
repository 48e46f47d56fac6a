package main

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/failure"
)

// snapshotting is the context of calls that may reach a host function in JavaScript: without it wazero keeps no way back.
var snapshotting = experimental.WithSnapshotter(context.Background())

// restoration is what JavaScript has asked for while a host function runs; it happens once that has answered.
type restoration struct {
	snapshot experimental.Snapshot
	results  []uint64 // of the host function that took the snapshot
}

// takeSnapshot is called on the JS thread while the frame waits in a host function.
func (f *frame) takeSnapshot() (id uint64, err error) {
	f.awaitQuestion()
	if f.hostContext == nil {
		return 0, failure.Invalid("Expected a caller whose host function has not answered yet")
	}
	f.snapshots = append(f.snapshots, experimental.GetSnapshotter(f.hostContext).Snapshot())
	return uint64(len(f.snapshots)), nil
}

// awaitQuestion: a call that C++ has left a moment ago is about to come to where JavaScript sees it already; nothing of JavaScript is needed for that.
func (f *frame) awaitQuestion() {
	if f.question != nil {
		<-f.question
	}
}

func (f *frame) askRestore(id uint64, results []uint64) error {
	f.awaitQuestion()
	if f.hostContext == nil || id == 0 || id > uint64(len(f.snapshots)) {
		return failure.Invalid("Expected a snapshot of the call whose host function restores it")
	}
	if f.snapshots[id-1] == nil {
		return failure.Invalid("Expected a snapshot that was not restored yet: more than once needs the edited engine")
	}
	f.restore = &restoration{f.snapshots[id-1], results}
	if !engineEdited {
		f.snapshots[id-1] = nil
	}
	return nil
}

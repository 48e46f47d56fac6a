package frames

import (
	"encoding/json"
	"slices"

	"github.com/tetratelabs/wazero/sys"

	"wazeronode/failure"
)

// Conclude ends the frame: closes what a stop closes, tells frames below that their module has gone, gives way. The outcome is JSON
// for JavaScript, nil if there is nothing to say.
func (f *Frame) Conclude(err error, fallback string) (outcome []byte, _ error) {
	f.sampled("")
	f.GiveSlot() // what follows is ours to do, not the guest's: it may look for the sources of a trace
	var failed *failure.Error
	m := f.member.Self
	if err != nil {
		failed = f.Failure(err, fallback)
		f.count(failed)
		if failed.Code == failure.CodeExit {
			failed.Cost = f.cost()
		}
		if failed.Code == failure.CodeExit && failed.Reason != "close" {
			m.Close(failed.ExitCode)
		}
	}
	if failed != nil && failed.Kind == "uncaught exception" && f.Uncaught != nil {
		failed.Exception = f.Uncaught()
	}
	var gone []uint64
	for _, closed := range f.member.Group.TakeClosed() {
		closed.Self.Close(0) // by the guest itself: the rest of it follows
		gone = append(gone, closed.Self.Handle())
	}
	if m.IsClosed() && !slices.Contains(gone, m.Handle()) {
		gone = append(gone, m.Handle())
	}
	if failed != nil && len(gone) > 0 && f.below != nil {
		word := f.stop.Load()
		if word == 0 {
			word = StopWord(stopExit, failed.ExitCode)
		}
		for b := f.below; b != nil; b = b.below {
			b.StopSelf(word)
		}
	}
	f.leave()
	if failed == nil {
		if len(gone) > 0 {
			outcome, _ = json.Marshal(map[string]any{"module": m.Handle(), "closed": gone})
		}
		return outcome, nil
	}
	failed.Closed = gone
	return nil, failed
}

// Failure is what the frame ends with.
func (f *Frame) Failure(err error, fallback string) *failure.Error {
	e := failure.Classify(err, fallback)
	if e.Code != failure.CodeExit {
		return e
	}
	if word := f.stop.Load(); word != 0 && (f.delivered.Load() || f.control.deliveredBy(e.ExitCode)) {
		e.Reason, e.ExitCode = StopReason(word), uint32(word)
		e.Message = sys.NewExitError(e.ExitCode).Error()
	}
	return e
}

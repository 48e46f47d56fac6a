package frames

import (
	"sync"
	"sync/atomic"

	"wazeronode/abi"
	"wazeronode/accounts"
)

// Sink is what a frame knows of a sink in JavaScript that its guest may be ahead of (package stdio).
type Sink struct {
	Target uint64
	window atomic.Uint64 // bytes that may be ahead
	failed atomic.Uint32 // errno of a piece that was written ahead
}

// Allow is how many bytes may be ahead from now on.
func (s *Sink) Allow(window uint64) { s.window.Store(window) }

// TakeFailure is the errno of a piece that was written ahead, told once; 0: all is well so far.
func (s *Sink) TakeFailure() uint32 { return s.failed.Swap(0) }

// ahead is what the guest of a frame has written and sinks have not taken. Only the top frame of a group has any.
type ahead struct {
	mu      sync.Mutex
	bytes   uint64
	enough  uint64        // who waits goes on when there are no more than this
	waiting chan struct{} // nil: nobody
	writers map[uint64]*Sink
	account *accounts.Account // set with the first piece
}

// perPiece is what a piece is counted as beside its bytes: many small ones take memory, too.
const perPiece = 512

// add counts a piece in, unless there is too much: of the frame, or of its tenant (refused: others of it may have to take theirs first).
func (a *ahead) add(w *Sink, account *accounts.Account, bytes, window uint64) (added, refused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bytes > 0 && a.bytes+bytes > window {
		return false, false
	}
	if !account.Take(accounts.Output, bytes) {
		return false, true
	}
	a.account = account
	a.bytes += bytes
	if a.writers == nil {
		a.writers = map[uint64]*Sink{}
	}
	a.writers[w.Target] = w
	return true, false
}

// until is closed when no more than so many bytes are left; nil: it is so.
func (a *ahead) until(enough uint64) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bytes <= enough {
		return nil
	}
	a.enough, a.waiting = enough, make(chan struct{})
	return a.waiting
}

// taken is wz_frame_taken. JS thread.
func (a *ahead) taken(target uint64, pieces, bytes uint64, failed uint32, window uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.writers[target]; w != nil {
		w.window.Store(window)
		w.failed.CompareAndSwap(0, failed)
	}
	a.less(bytes + pieces*perPiece)
	if a.waiting != nil && a.bytes <= a.enough {
		close(a.waiting)
		a.waiting = nil
	}
}

// less counts out; mu is held.
func (a *ahead) less(n uint64) {
	n = min(a.bytes, n)
	a.bytes -= n
	if a.account != nil {
		a.account.Give(accounts.Output, n)
	}
}

// drop is for a frame that has ended: nobody hears of the pieces that it left.
func (a *ahead) drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.less(a.bytes)
}

// Taken is wz_frame_taken: so many pieces of the sink, and their bytes, are not ahead any more. JS thread.
func (f *Frame) Taken(target, pieces, bytes uint64, failed uint32, window uint64) {
	f.ahead.taken(target, pieces, bytes, failed, window)
}

// WriteAhead posts a piece, once there is room for it; false where the sink allows nothing ahead, or the lane does not.
func (f *Frame) WriteAhead(s *Sink, m abi.Message) bool {
	window := s.window.Load()
	if window == 0 || !f.IsAsync() {
		return false
	}
	for {
		added, refused := f.ahead.add(s, f.account, uint64(len(m.Bytes))+perPiece, window)
		if added {
			break
		}
		if refused { // the guest waits for its sink
			return false
		}
		f.WaitTaken(window / 2)
	}
	f.post(m)
	return true
}

// WaitTaken parks the guest until no more than so many bytes are ahead, and unwinds it when the frame is stopped meanwhile.
func (f *Frame) WaitTaken(enough uint64) {
	if f.PauseUntilTaken(enough) {
		f.ExitIfStopped()
	}
}

// PauseUntilTaken is WaitTaken where the guest must not be unwound.
func (f *Frame) PauseUntilTaken(enough uint64) (paused bool) {
	taken := f.ahead.until(enough)
	if taken == nil {
		return false
	}
	f.pause(func(stop <-chan struct{}) {
		select {
		case <-taken:
		case <-stop:
		}
	})
	return true
}

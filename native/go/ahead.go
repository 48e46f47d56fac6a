package main

import (
	"io/fs"
	"sync"
	"sync/atomic"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/errno"
)

// callbackWriter is a sink in JavaScript. What a guest writes at once may be all of its memory: JavaScript gets it in pieces, each of
// which is a copy.
//
// In the asynchronous lane the guest is parked until the sink has taken the first piece. A sink that took it well says how many bytes
// may then be ahead of it: pieces are posted, and the guest goes on. It is parked while there are too many, before it asks JavaScript
// anything else, and at its end; an error of such a piece is told by the next write, or by closing.
type callbackWriter struct {
	module *moduleState
	target uint64
	window atomic.Uint64 // bytes that may be ahead
	failed atomic.Uint32 // errno of a piece that was written ahead
}

func (w *callbackWriter) Write(p []byte) (n int, err error) {
	f := w.module.running()
	for n < len(p) {
		piece := p[n:min(len(p), n+largestChunk)]
		if e := w.write(f, piece); e != 0 {
			return n, e
		}
		n += len(piece)
	}
	return n, nil
}

func (w *callbackWriter) write(f *frame, piece []byte) experimentalsys.Errno {
	if e := w.failed.Swap(0); e != 0 {
		return experimentalsys.Errno(e)
	}
	m := &abi.Message{Kind: abi.MsgWrite, Target: w.target, Module: uint64(w.module.handle), Bytes: piece}
	if window := w.window.Load(); window > 0 && f.lane == abi.LaneAsync {
		f.writeAhead(w, m, window)
		return 0
	}
	var answer [2]uint64
	f.upcall(m, answer[:], nil)
	if answer[0] == 0 && f.lane == abi.LaneAsync {
		w.window.Store(answer[1])
	}
	return experimentalsys.Errno(answer[0])
}

// StandardStream is what edit e8stdio looks for.
func (w *callbackWriter) StandardStream() experimentalsys.File { return &sinkFile{writer: w} }

// sinkFile is what wazero makes of a writer, but for Close, which tells of the last pieces.
type sinkFile struct {
	streamFile
	writer *callbackWriter
}

func (s *sinkFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: fs.ModeDevice, Nlink: 1}, 0
}
func (s *sinkFile) StreamReads() bool { return false }

func (s *sinkFile) Pwrite([]byte, int64) (int, experimentalsys.Errno) { return 0, errno.NotSeekable }

func (s *sinkFile) Write(p []byte) (int, experimentalsys.Errno) {
	n, err := s.writer.Write(p)
	return n, errno.Of(err)
}

// Close may be that of the module, by its exit: it never unwinds the guest.
func (s *sinkFile) Close() experimentalsys.Errno {
	if f := s.writer.module.running(); f != nil && f.stop.Load() == 0 {
		f.pauseUntilTaken(0)
	}
	return experimentalsys.Errno(s.writer.failed.Swap(0))
}

// ahead is what the guest of a frame has written and sinks have not taken. Only the top frame of a group has any.
type ahead struct {
	mu      sync.Mutex
	bytes   uint64
	enough  uint64        // who waits goes on when there are no more than this
	waiting chan struct{} // nil: nobody
	writers map[uint64]*callbackWriter
}

// perPiece is what a piece is counted as beside its bytes: many small ones take memory, too.
const perPiece = 512

// add counts a piece in, unless there is too much.
func (a *ahead) add(w *callbackWriter, bytes, window uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bytes > 0 && a.bytes+bytes > window {
		return false
	}
	a.bytes += bytes
	if a.writers == nil {
		a.writers = map[uint64]*callbackWriter{}
	}
	a.writers[w.target] = w
	return true
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
	a.bytes -= min(a.bytes, bytes+pieces*perPiece)
	if a.waiting != nil && a.bytes <= a.enough {
		close(a.waiting)
		a.waiting = nil
	}
}

func (f *frame) writeAhead(w *callbackWriter, m *abi.Message, window uint64) {
	for !f.ahead.add(w, uint64(len(m.Bytes))+perPiece, window) {
		f.waitTaken(window / 2)
	}
	m.Frame = f.id
	if !post(f.env.id, m) {
		f.stopSelf(stopWord(abi.StopClose, 0))
		f.exitIfStopped()
	}
}

// waitTaken parks the guest until no more than so many bytes are ahead, and unwinds it when the frame is stopped meanwhile.
func (f *frame) waitTaken(enough uint64) {
	if f.pauseUntilTaken(enough) {
		f.exitIfStopped()
	}
}

func (f *frame) pauseUntilTaken(enough uint64) (paused bool) {
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

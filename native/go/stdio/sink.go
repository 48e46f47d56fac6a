package stdio

import (
	"io"
	"io/fs"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/errno"
	"wazeronode/frames"
)

// writer is a sink in JavaScript. What a guest writes at once may be all of its memory: JavaScript gets it in pieces, each of
// which is a copy.
//
// In the asynchronous lane the guest is parked until the sink has taken the first piece. A sink that took it well says how many bytes
// may then be ahead of it: pieces are posted, and the guest goes on. It is parked while there are too many, before it asks JavaScript
// anything else, and at its end; an error of such a piece is told by the next write, or by closing.
type writer struct {
	frames.Sink
	module *frames.Member
}

// largestPiece is the most bytes that cross at once.
const largestPiece = 1 << 20

// NewWriter is the sink of that number.
func NewWriter(m *frames.Member, target uint64) io.Writer {
	return &writer{Sink: frames.Sink{Target: target}, module: m}
}

func (w *writer) Write(p []byte) (n int, err error) {
	defer func() { w.module.Self.Account().Add(accounts.OutputBytes, uint64(n)) }()
	f := w.module.Running()
	for n < len(p) {
		piece := p[n:min(len(p), n+largestPiece)]
		if e := w.write(f, piece); e != 0 {
			return n, e
		}
		n += len(piece)
	}
	return n, nil
}

func (w *writer) write(f *frames.Frame, piece []byte) experimentalsys.Errno {
	if e := w.TakeFailure(); e != 0 {
		return experimentalsys.Errno(e)
	}
	m := abi.Message{Kind: abi.MsgWrite, Target: w.Target, Module: w.module.Self.Handle(), Bytes: piece}
	if f.WriteAhead(&w.Sink, m) {
		return 0
	}
	var answer [2]uint64
	f.Upcall(m, answer[:], nil)
	if answer[0] == 0 && f.IsAsync() {
		w.Allow(answer[1])
	}
	return experimentalsys.Errno(answer[0])
}

// StandardStream is what edit e8stdio looks for.
func (w *writer) StandardStream() experimentalsys.File { return &sinkFile{writer: w} }

// sinkFile is what wazero makes of a writer, but for Close, which tells of the last pieces.
type sinkFile struct {
	streamFile
	writer *writer
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
	if f := s.writer.module.Running(); f != nil && !f.IsStopped() {
		f.PauseUntilTaken(0)
	}
	return experimentalsys.Errno(s.writer.TakeFailure())
}

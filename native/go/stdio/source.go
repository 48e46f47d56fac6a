package stdio

import (
	"io/fs"
	"sync"
	"time"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/errno"
	"wazeronode/frames"
)

// Source is stdin in JavaScript. A guest that wants to know whether there is something (poll_oneoff, a read that is not to wait) has
// JavaScript ask the source, once: what it gives is kept there until the guest reads it, and the guest goes on meanwhile.
type Source struct {
	reader

	mu      sync.Mutex
	state   sourceState
	waiting func() // the guest's, until there is something; or nil
}

type sourceState uint8

const (
	sourceIdle  sourceState = iota // nobody has asked since the last read
	sourceAsked                    // wz_source_ready comes
	sourceReady                    // a read is answered at once, unless another guest that shares the source was first
)

// NewSource is the source of that number.
func NewSource(m *frames.Member, target uint64) *Source {
	return &Source{reader: reader{m, abi.MsgRead, target}}
}

// StandardStream is what edit e8stdio looks for.
func (s *Source) StandardStream() experimentalsys.File { return &sourceFile{Source: s} }

// Ready is wz_source_ready. JS thread.
func (s *Source) Ready() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = sourceReady
	if s.waiting != nil {
		s.waiting()
		s.waiting = nil
	}
}

func (s *Source) set(state sourceState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// mayAsk is false where JavaScript has been asked and has not answered. Else it counts as asked from now on: the answer may come before
// that of the question.
func (s *Source) mayAsk() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == sourceAsked {
		return false
	}
	s.state = sourceAsked
	return true
}

// ask is one WZ_MSG_READ. late: there is nothing yet, and ready comes.
func (s *Source) ask(mode uint64, p []byte) (n int, late bool, e experimentalsys.Errno) {
	var answer [2]uint64
	s.module.Running().Upcall(abi.Message{Kind: abi.MsgRead, Target: s.target, Module: s.module.Self.Handle(), Words: []uint64{mode, s.module.Self.Handle()}}, answer[:], p)
	if answer[1] == abi.ReadLater {
		return 0, true, 0
	}
	if answer[1] != 0 {
		return 0, false, experimentalsys.Errno(answer[1])
	}
	n = int(min(answer[0], uint64(len(p))))
	s.module.Self.Account().Add(accounts.InputBytes, uint64(n))
	return n, false, 0
}

// isReady asks where nobody has.
func (s *Source) isReady() bool {
	s.mu.Lock()
	state := s.state
	if state == sourceIdle {
		s.state = sourceAsked
	}
	s.mu.Unlock()
	if state != sourceIdle {
		return state == sourceReady
	}
	if _, late, _ := s.ask(abi.ReadAsk, nil); late {
		return false
	}
	s.set(sourceReady)
	return true
}

// sourceFile is a Source as a guest sees it.
type sourceFile struct {
	streamFile
	*Source
	nonblock bool
}

var _ experimentalsys.PollableFile = (*sourceFile)(nil)

func (f *sourceFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: fs.ModeDevice, Nlink: 1}, 0
}
func (f *sourceFile) StreamReads() bool                             { return true }
func (f *sourceFile) IsNonblock() bool                              { return f.nonblock }
func (f *sourceFile) SetNonblock(enable bool) experimentalsys.Errno { f.nonblock = enable; return 0 }

func (f *sourceFile) Pread([]byte, int64) (int, experimentalsys.Errno) { return 0, errno.NotSeekable }

func (f *sourceFile) Read(p []byte) (int, experimentalsys.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	mode := uint64(abi.ReadWait)
	if f.nonblock {
		if !f.mayAsk() {
			return 0, experimentalsys.EAGAIN
		}
		mode = abi.ReadNow
	}
	n, late, e := f.ask(mode, p)
	if late {
		return 0, experimentalsys.EAGAIN
	}
	f.set(sourceIdle)
	return n, e
}

// Poll is wazero's Pollable: poll_oneoff.
func (f *sourceFile) Poll(flag experimentalsys.Pflag, timeoutMillis int32) (bool, experimentalsys.Errno) {
	if flag != experimentalsys.POLLIN {
		return false, experimentalsys.ENOTSUP
	}
	if f.isReady() || timeoutMillis == 0 {
		return f.isReady(), 0
	}
	ready := make(chan struct{}, 1)
	cancel, _ := f.Notify(flag, func() { ready <- struct{}{} })
	defer cancel()
	f.module.Running().Wait(func(stop <-chan struct{}) {
		var late <-chan time.Time
		if timeoutMillis > 0 {
			t := time.NewTimer(time.Duration(timeoutMillis) * time.Millisecond)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-ready:
		case <-late:
		case <-stop:
		}
	})
	return f.isReady(), 0
}

// Notify is what poll_oneoff (edit e8poll) waits by. One guest waits at a time, for one thing.
func (f *sourceFile) Notify(flag experimentalsys.Pflag, ready func()) (cancel func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != sourceAsked {
		ready()
		return func() {}, true
	}
	before := f.waiting // the guest may have named it twice
	f.waiting = func() {
		if before != nil {
			before()
		}
		ready()
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waiting = nil
	}, true
}

// Insist is for a guest that waits for nothing else, for ever (edit e8poll): in the synchronous lane nothing can come while it waits, and it is
// told as with a read.
func (f *sourceFile) Insist() {
	if !f.module.Running().IsAsync() {
		_, _, _ = f.ask(abi.ReadInsist, nil)
	}
}

//go:build unix

package stdio

import (
	"cmp"
	"io"
	"sync"
	"time"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"golang.org/x/sys/unix"

	"wazeronode/accounts"
	"wazeronode/errno"
	"wazeronode/frames"
)

// descriptor is a file descriptor of the process as a standard stream: no JavaScript in between, never closed by us. It waits by poll
// and never in read or write, so a deadline or a close ends the wait, and other guests get the slot meanwhile.
type descriptor struct {
	module *frames.Member
	fd     int
	reads  bool // stdin; else a sink

	// What it was when the module was made: who puts a pipe in the place of a file meanwhile may hold up the guest.
	kind       uint32 // S_IFMT
	neverWaits bool
	polled     bool // the kernel has no write (read) that does not wait: poll first, then little
}

// NewDescriptor is the descriptor as stdin (reads) or as a sink.
func NewDescriptor(m *frames.Member, fd int, reads bool) io.ReadWriter {
	s := &descriptor{module: m, fd: fd, reads: reads}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) == nil {
		s.kind = uint32(st.Mode) & unix.S_IFMT
		s.neverWaits = neverWaits(&st)
	}
	return s
}

func (s *descriptor) Write(p []byte) (n int, err error) {
	for n < len(p) {
		done, err := s.writeSome(p[n:])
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := s.ready(unix.POLLOUT); err != nil {
				return n, err
			}
		case err != nil:
			return n, errno.Of(err)
		default:
			n += done
		}
	}
	return n, nil
}

// writeSome never waits: EAGAIN where it would have to.
func (s *descriptor) writeSome(p []byte) (int, error) {
	n, err := s.writeNow(p)
	s.module.Self.Account().Add(accounts.OutputBytes, uint64(max(n, 0)))
	return n, err
}

func (s *descriptor) writeNow(p []byte) (int, error) {
	if s.neverWaits {
		return unix.Write(s.fd, p)
	}
	if !s.polled {
		n, err := s.writeNoWait(p)
		if err != unix.EOPNOTSUPP {
			return n, err
		}
		s.polled = true
	}
	if ready, err := pollOnce(unix.POLLOUT, s.fd); err != nil || !ready {
		return 0, cmp.Or(err, error(unix.EAGAIN))
	}
	// At most PIPE_BUF: a blocking pipe that poll calls writable takes this much without waiting.
	return unix.Write(s.fd, p[:min(len(p), 4096)])
}

func (s *descriptor) Read(p []byte) (int, error) {
	for {
		n, err := s.readSome(p)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := s.ready(unix.POLLIN); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, errno.Of(err)
		default:
			return max(n, 0), nil
		}
	}
}

// terminalReads: what poll has seen for one guest, no other one that shares the descriptor takes before it reads.
var terminalReads sync.Mutex

// readSome never waits: EAGAIN where it would have to. It polls first: to read of a pipe that nobody has opened for writing yet is its end.
func (s *descriptor) readSome(p []byte) (int, error) {
	n, err := s.readNow(p)
	s.module.Self.Account().Add(accounts.InputBytes, uint64(max(n, 0)))
	return n, err
}

func (s *descriptor) readNow(p []byte) (int, error) {
	if s.neverWaits {
		return unix.Read(s.fd, p)
	}
	if s.polled {
		terminalReads.Lock()
		defer terminalReads.Unlock()
	}
	if ready, err := pollOnce(unix.POLLIN, s.fd); err != nil || !ready {
		return 0, cmp.Or(err, error(unix.EAGAIN))
	}
	if s.polled {
		return unix.Read(s.fd, p)
	}
	n, err := s.readNoWait(p)
	if err == unix.EOPNOTSUPP {
		s.polled = true
		return s.readNow(p)
	}
	return n, err
}

// Poll is wazero's Pollable: poll_oneoff.
func (s *descriptor) Poll(flag experimentalsys.Pflag, timeoutMillis int32) (ready bool, e experimentalsys.Errno) {
	events := int16(unix.POLLIN)
	if flag == experimentalsys.POLLOUT {
		events = unix.POLLOUT
	}
	ready, err := s.poll(events, timeoutMillis)
	return ready, errno.Of(err)
}

// Notify is what poll_oneoff (edit e8poll) waits by.
func (s *descriptor) Notify(flag experimentalsys.Pflag, ready func()) (cancel func(), ok bool) {
	return standardStreams.notify(uintptr(s.fd), flag == experimentalsys.POLLOUT, ready)
}

func (s *descriptor) ready(events int16) error {
	_, err := s.poll(events, -1)
	return err
}

// poll waits until the descriptor is ready, the time is over (-1: none) or the frame is stopped (then it unwinds).
func (s *descriptor) poll(events int16, timeoutMillis int32) (ready bool, err error) {
	if ready, err = pollOnce(events, s.fd); ready || err != nil || timeoutMillis == 0 {
		return ready, err
	}
	s.module.Running().Wait(func(stop <-chan struct{}) {
		ready, err = standardStreams.wait(s.fd, events, time.Duration(timeoutMillis)*time.Millisecond, stop)
	})
	return ready, err
}

// pollOnce says whether the descriptor is ready now (a hang-up or an error is: read and write then say which).
func pollOnce(events int16, fd int) (bool, error) {
	list := []unix.PollFd{{Fd: int32(fd), Events: events}}
	_, err := unix.Poll(list, 0)
	if err == unix.EINTR {
		return false, nil
	}
	return err == nil && list[0].Revents != 0, err
}

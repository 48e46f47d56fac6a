//go:build unix

package stdio

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for all descriptors that guests wait for, with one thread: the number of threads must not depend on what guests do.
type poller struct {
	mu      sync.Mutex
	waiters map[*waiter]struct{}
	wake    [2]*os.File // a pipe, while somebody waits
	nudged  bool        // there is a byte in it
}

type waiter struct {
	fd     int
	events int16
	tell   func(err error) // at most once; the poller's lock is held: it does not wait
}

var standardStreams = poller{waiters: map[*waiter]struct{}{}}

// wait is over when the descriptor is ready (a hang-up or an error is: read and write then say which), after the time (negative: none) or
// when stop closes. The error is of waiting itself.
func (p *poller) wait(fd int, events int16, timeout time.Duration, stop <-chan struct{}) (ready bool, err error) {
	result := make(chan error, 1)
	w := &waiter{fd: fd, events: events, tell: func(err error) { result <- err }}
	if err := p.add(w); err != nil {
		return false, err
	}
	defer p.remove(w)
	var late <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case err := <-result:
		return err == nil, err
	case <-late:
	case <-stop:
	}
	return false, nil
}

// notify is nodehost.Notifier of edit e8poll. An error is worth a look, too.
func (p *poller) notify(fd uintptr, write bool, ready func()) (cancel func(), ok bool) {
	w := &waiter{fd: int(fd), events: unix.POLLIN, tell: func(error) { ready() }}
	if write {
		w.events = unix.POLLOUT
	}
	if p.add(w) != nil {
		return nil, false
	}
	return func() { p.remove(w) }, true
}

func (p *poller) add(w *waiter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake[0] == nil {
		r, wr, err := os.Pipe()
		if err != nil {
			return unix.EMFILE
		}
		p.wake = [2]*os.File{r, wr}
		go p.run(r)
	}
	p.waiters[w] = struct{}{}
	p.nudge()
	return nil
}

func (p *poller) remove(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiters, w)
	p.nudge()
}

// nudge has run look at the waiters again; mu is held.
func (p *poller) nudge() {
	if p.wake[1] != nil && !p.nudged {
		p.nudged = true
		_, _ = p.wake[1].Write([]byte{0})
	}
}

func (p *poller) run(wake *os.File) {
	for {
		list, waiters := p.list(wake)
		if waiters == nil {
			return
		}
		_, err := unix.Poll(list, -1)
		if err == unix.EINTR {
			continue
		}
		p.mu.Lock()
		if p.nudged {
			var drained [1]byte
			_, _ = wake.Read(drained[:])
			p.nudged = false
		}
		for i, w := range waiters {
			if _, here := p.waiters[w]; here && (err != nil || list[i+1].Revents != 0) {
				delete(p.waiters, w)
				w.tell(err)
			}
		}
		p.mu.Unlock()
	}
}

// list is what to poll for; nothing when nobody waits any more, and then the pipe is gone.
func (p *poller) list(wake *os.File) (list []unix.PollFd, waiters []*waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiters) == 0 {
		_ = p.wake[0].Close()
		_ = p.wake[1].Close()
		p.wake, p.nudged = [2]*os.File{}, false
		return nil, nil
	}
	list = append(list, unix.PollFd{Fd: int32(wake.Fd()), Events: unix.POLLIN})
	for w := range p.waiters {
		list = append(list, unix.PollFd{Fd: int32(w.fd), Events: w.events})
		waiters = append(waiters, w)
	}
	return list, waiters
}

package wasi_snapshot_preview1

import (
	"context"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/nodehost"
	internalsys "github.com/tetratelabs/wazero/internal/sys"
	"github.com/tetratelabs/wazero/internal/wasip1"
)

const subscriptionBytes, eventBytes = 48, 32

// notReady is a subscription to a file that was not ready when it was looked at.
type notReady struct {
	index uint32
	file  sys.Pollable
	flag  sys.Pflag
}

// pollReady is poll_oneoff as the specification has it: it returns as soon as something is ready, with what is ready. A clock is only
// among the events when its time has come.
func pollReady(ctx context.Context, context *internalsys.Context, mem api.Memory, params []uint64) sys.Errno {
	in, out, count, result := uint32(params[0]), uint32(params[1]), uint32(params[2]), uint32(params[3])
	if count == 0 || count > math.MaxUint32/subscriptionBytes {
		return sys.EINVAL
	}
	subscriptions, okIn := mem.Read(in, count*subscriptionBytes)
	events, okOut := mem.Read(out, count*eventBytes)
	if _, ok := mem.ReadUint32Le(result); !ok || !okIn || !okOut { // before anything is waited for
		return sys.EFAULT
	}
	p := poller{control: nodehost.ControlOf(ctx), sys: context, subscriptions: append([]byte(nil), subscriptions...), events: events}
	if errno := p.look(count); errno != 0 {
		return errno
	}
	if p.ready == 0 {
		p.wait()
	}
	if !mem.WriteUint32Le(result, p.ready) {
		return sys.EFAULT
	}
	return 0
}

type clock struct {
	index   uint32
	timeout time.Duration
}

type poller struct {
	control       *nodehost.Control
	sys           *internalsys.Context
	subscriptions []byte // a copy: the guest may have put the events in the same place
	events        []byte
	ready         uint32
	waiting       []notReady
	clocks        []clock
	timeout       time.Duration // of the clock that comes first
}

func (p *poller) subscription(i uint32) (eventType byte, argument []byte) {
	s := p.subscriptions[i*subscriptionBytes:]
	return s[8], s[16:subscriptionBytes]
}

func (p *poller) report(i uint32, errno wasip1.Errno) {
	s := p.subscriptions[i*subscriptionBytes:]
	at := p.events[p.ready*eventBytes:][:eventBytes]
	clear(at)
	writeEvent(at, &event{eventType: s[8], userData: s[:8], errno: errno})
	p.ready++
}

func (p *poller) look(count uint32) sys.Errno {
	p.timeout = math.MaxInt64
	for i := uint32(0); i < count; i++ {
		eventType, argument := p.subscription(i)
		switch eventType {
		case wasip1.EventTypeClock:
			timeout, errno := p.clock(argument)
			if errno != 0 {
				return errno
			}
			if timeout <= 0 {
				p.report(i, wasip1.ErrnoSuccess)
				continue
			}
			p.clocks = append(p.clocks, clock{i, timeout})
			p.timeout = min(p.timeout, timeout)
		case wasip1.EventTypeFdRead, wasip1.EventTypeFdWrite:
			flag := sys.POLLIN
			if eventType == wasip1.EventTypeFdWrite {
				flag = sys.POLLOUT
			}
			file, ok := p.sys.FS().LookupFile(int32(le.Uint32(argument)))
			if !ok {
				p.report(i, wasip1.ErrnoBadf)
				continue
			}
			pollable, ok := file.File.(sys.Pollable)
			if !ok { // it has no way to say that it is not
				p.report(i, wasip1.ErrnoSuccess)
				continue
			}
			p.check(notReady{i, pollable, flag}, 0)
		default:
			return sys.EINVAL
		}
	}
	return 0
}

// check reports w if it is ready within the time, else keeps it for later.
func (p *poller) check(w notReady, timeout time.Duration) {
	millis := int32((timeout + time.Millisecond - 1) / time.Millisecond) // never too early
	switch ready, errno := w.file.Poll(w.flag, millis); {
	case errno == sys.ENOTSUP || errno == sys.ENOSYS: // it cannot be waited for in this direction
		p.report(w.index, wasip1.ErrnoSuccess)
	case errno != 0:
		p.report(w.index, wasip1.ToErrno(errno))
	case ready:
		p.report(w.index, wasip1.ErrnoSuccess)
	default:
		p.waiting = append(p.waiting, w)
	}
}

func (p *poller) clock(argument []byte) (time.Duration, sys.Errno) {
	const absolute = 1
	var now func() int64
	switch le.Uint32(argument) {
	case wasip1.ClockIDRealtime:
		now = p.sys.WalltimeNanos
	case wasip1.ClockIDMonotonic:
		now = p.sys.Nanotime
	default: // as clock_time_get
		return 0, sys.EINVAL
	}
	timeout := time.Duration(min(le.Uint64(argument[8:]), math.MaxInt64))
	switch le.Uint16(argument[24:]) {
	case 0:
		return timeout, 0
	case absolute:
		return timeout - time.Duration(now()), 0 // negative: it is past
	}
	return 0, sys.EINVAL
}

// notifier is a file that can be waited for beside others: ready is called once, on any goroutine and perhaps at once, when it is worth another
// look. ok is false where it cannot be waited for so; else cancel must be called.
type notifier interface {
	Notify(flag sys.Pflag, ready func()) (cancel func(), ok bool)
}

// insistent is a file for which nothing may come while the guest waits: where there is no clock either, Insist ends the call.
type insistent interface{ Insist() }

// wait is for when nothing is ready.
func (p *poller) wait() {
	const turn, most = 10 * time.Millisecond, math.MaxInt32 * time.Millisecond
	p.insist()
	for left := p.timeout; p.ready == 0; {
		if err := p.control.Poll(); err != nil { // a file may not wait in a way that the host can end
			panic(err)
		}
		files := p.waiting
		p.waiting = nil
		step := left
		switch began := time.Now(); {
		case len(files) == 0:
			p.sys.Nanosleep(int64(step))
		case p.sleep(files, step):
			step = time.Since(began)
			for _, w := range files {
				p.check(w, 0)
			}
		default: // one can be waited for as such; several are looked at in turn
			if step = min(step, most); len(files) > 1 {
				step = min(step, turn)
			}
			p.check(files[0], step)
			for _, w := range files[1:] {
				p.check(w, 0)
			}
		}
		if left -= step; p.ready == 0 && left <= 0 {
			p.expire()
		}
		if p.timeout == math.MaxInt64 {
			left = math.MaxInt64 // there is no clock
		}
	}
}

// sleep waits for the first of the files that is worth a look, at most so long. False: one of them cannot be waited for so.
func (p *poller) sleep(files []notReady, most time.Duration) bool {
	wake := make(chan struct{}, 1)
	cancels := make([]func(), 0, len(files))
	defer func() {
		for _, cancel := range cancels {
			cancel()
		}
	}()
	for _, w := range files {
		n, ok := w.file.(notifier)
		if !ok {
			return false
		}
		cancel, ok := n.Notify(w.flag, func() {
			select {
			case wake <- struct{}{}:
			default: // it is awake
			}
		})
		if !ok {
			return false
		}
		cancels = append(cancels, cancel)
	}
	p.control.Wait(func(stop <-chan struct{}) {
		timer := time.NewTimer(most)
		defer timer.Stop()
		select {
		case <-wake:
		case <-timer.C:
		case <-stop:
		}
	})
	return true
}

func (p *poller) insist() {
	if len(p.clocks) > 0 {
		return
	}
	for _, w := range p.waiting {
		if _, ok := w.file.(insistent); !ok {
			return // this one may come
		}
	}
	for _, w := range p.waiting {
		w.file.(insistent).Insist()
	}
}

// expire reports the clocks whose time has come.
func (p *poller) expire() {
	for _, c := range p.clocks {
		if c.timeout <= p.timeout {
			p.report(c.index, wasip1.ErrnoSuccess)
		}
	}
}

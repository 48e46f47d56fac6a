//go:build linux || darwin

package sysfs

import (
	"syscall"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// _POLLOUT is the same number on both.
const _POLLOUT = 0x0004

// Notify is what poll_oneoff waits by.
func (f *tcpListenerFile) Notify(flag experimentalsys.Pflag, ready func()) (cancel func(), ok bool) {
	return notifySocket(f.tl, flag, ready)
}

// Notify is what poll_oneoff waits by.
func (f *tcpConnFile) Notify(flag experimentalsys.Pflag, ready func()) (cancel func(), ok bool) {
	return notifySocket(f.tc, flag, ready)
}

// notifySocket does not keep the socket open: where it is closed meanwhile, what is looked at next says so.
func notifySocket(conn syscall.Conn, flag experimentalsys.Pflag, ready func()) (cancel func(), ok bool) {
	_, errno := syscallConnControl(conn, func(fd uintptr) (int, experimentalsys.Errno) {
		cancel, ok = nodehost.Notify(fd, flag == experimentalsys.POLLOUT, ready)
		return 0, 0
	})
	return cancel, ok && errno == 0
}

// pollSocket waits no longer than a moment, whatever it is told: nothing ends it. A hang-up or an error is ready, too: the next call says which.
func pollSocket(conn syscall.Conn, flag experimentalsys.Pflag, timeoutMillis int32) (bool, experimentalsys.Errno) {
	const moment = 10
	if timeoutMillis < 0 || timeoutMillis > moment {
		timeoutMillis = moment
	}
	events := int16(_POLLIN)
	if flag == experimentalsys.POLLOUT {
		events = _POLLOUT
	}
	n, errno := syscallConnControl(conn, func(fd uintptr) (int, experimentalsys.Errno) {
		return _poll([]pollFd{newPollFd(fd, events, 0)}, timeoutMillis)
	})
	if errno == experimentalsys.EINTR {
		return false, 0
	}
	return n > 0, errno
}

// setNonblockSocket leaves the kernel out of it: sockets of Go never wait there. One that did would hold a thread, and neither a deadline nor a
// close would end its call.
func setNonblockSocket(uintptr, bool) experimentalsys.Errno { return 0 }

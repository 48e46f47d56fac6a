package nodehost

import "sync/atomic"

// Notifier waits for file descriptors: it calls ready once, on any goroutine and perhaps at once, when fd can be read from (written to),
// or when that is an error. ok is false where it cannot wait for it; else cancel must be called, after which ready no longer is.
type Notifier func(fd uintptr, write bool, ready func()) (cancel func(), ok bool)

var notifier atomic.Pointer[Notifier]

// SetNotifier has sockets waited for by n.
func SetNotifier(n Notifier) { notifier.Store(&n) }

// Notify is what was set; without it nothing can be waited for so.
func Notify(fd uintptr, write bool, ready func()) (cancel func(), ok bool) {
	if n := notifier.Load(); n != nil {
		return (*n)(fd, write, ready)
	}
	return nil, false
}

package wasi_snapshot_preview1

import (
	"context"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasip1"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// waiting is a socket: its calls block until a deadline that can be set meanwhile.
type waiting interface {
	SetDeadline(time.Time) error
	IsNonblock() bool
}

// interruptible makes a function whose first parameter is a file end when the host stops the call, if the file is a socket that
// blocks. What it answers then does not matter: the host unwinds the guest.
func interruptible(fn wasiFunc) wasiFunc {
	return func(ctx context.Context, mod api.Module, params []uint64) sys.Errno {
		entry, ok := mod.(*wasm.ModuleInstance).Sys.FS().LookupFile(int32(params[0]))
		if !ok {
			return fn(ctx, mod, params)
		}
		socket, ok := entry.File.(waiting)
		if !ok || socket.IsNonblock() {
			return fn(ctx, mod, params)
		}
		control := nodehost.ControlOf(ctx)
		if control == nil {
			return fn(ctx, mod, params)
		}
		return interrupted(control, socket, func() sys.Errno { return fn(ctx, mod, params) })
	}
}

// interrupted is apart from interruptible because what it shares with other goroutines is on the heap, and most files are no sockets.
func interrupted(control *nodehost.Control, socket waiting, do func() sys.Errno) (errno sys.Errno) {
	var failed any // on whatever goroutine this is, no panic may leave it
	control.Wait(func(stop <-chan struct{}) {
		ended, watched := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(watched)
			select {
			case <-stop:
				_ = socket.SetDeadline(time.Unix(1, 0))
			case <-ended:
			}
		}()
		defer func() {
			failed = recover()
			close(ended)
			<-watched
		}()
		errno = do()
	})
	if failed != nil {
		panic(failed)
	}
	return errno
}

// tooManyFiles is EMFILE: e7errno makes numbers of WASI errors out of those above 0x1000.
const tooManyFiles = sys.Errno(0x1000 + wasip1.ErrnoMfile)

// acceptCounted accepts a connection if the instance may have one more open, which counts until it is closed.
func acceptCounted(mod api.Module, fd int32, nonblock bool) (int32, sys.Errno) {
	m := mod.(*wasm.ModuleInstance)
	if m.Files == nil {
		return m.Sys.FS().SockAccept(fd, nonblock)
	}
	if !m.Files.Take() {
		return 0, tooManyFiles
	}
	connection, errno := m.Sys.FS().SockAccept(fd, nonblock)
	if errno == 0 {
		if entry, ok := m.Sys.FS().LookupFile(connection); ok {
			if c, ok := entry.File.(interface{ OnClose(closed func()) }); ok {
				c.OnClose(m.Files.Release)
				return connection, 0
			}
		}
	}
	m.Files.Release()
	return connection, errno
}

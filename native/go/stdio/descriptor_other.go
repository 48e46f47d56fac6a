//go:build !unix

package stdio

import (
	"io"
	"os"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/errno"
	"wazeronode/frames"
)

// descriptor is a standard stream of the process. Here, where nothing waits for a descriptor with a time limit, a read that has begun
// goes on by itself when its frame is stopped; what it reads is kept for the next one.
type descriptor struct {
	module *frames.Member
	fd     int
}

// NewDescriptor is the descriptor as stdin (reads) or as a sink.
func NewDescriptor(m *frames.Member, fd int, _ bool) io.ReadWriter { return &descriptor{m, fd} }

// files: other numbers are descriptors of the C library that Node was linked with, and mean nothing to Go.
var files = [...]*os.File{os.Stdin, os.Stdout, os.Stderr}

func (s *descriptor) Write(p []byte) (int, error) {
	if s.fd < 0 || s.fd >= len(files) {
		return 0, experimentalsys.EBADF
	}
	n, err := files[s.fd].Write(p)
	if err != nil {
		return n, errno.Of(err)
	}
	return n, nil
}

type readResult struct {
	bytes []byte
	err   error
}

// reading is the one read of stdin that is under way or whose bytes nobody has taken yet; the slot in it is the right to look.
var reading = make(chan chan readResult, 1)

func init() { reading <- nil }

func (s *descriptor) Read(p []byte) (n int, err error) {
	if s.fd != 0 {
		return 0, experimentalsys.EBADF
	}
	s.module.Running().Wait(func(stop <-chan struct{}) {
		var pending chan readResult
		select {
		case pending = <-reading:
		case <-stop:
			return
		}
		if pending == nil {
			pending = make(chan readResult, 1)
			go func(done chan readResult) {
				buffer := make([]byte, 4096)
				n, err := files[0].Read(buffer)
				done <- readResult{buffer[:n], err}
			}(pending)
		}
		select {
		case result := <-pending:
			n, err = copy(p, result.bytes), result.err
			if left := result.bytes[n:]; len(left) > 0 {
				next := make(chan readResult, 1)
				next <- readResult{left, nil}
				reading <- next
				err = nil
			} else {
				reading <- nil
			}
		case <-stop:
			reading <- pending
		}
	})
	if err == nil || err == io.EOF || n > 0 {
		return n, nil // the end is zero bytes, as with read
	}
	return 0, errno.Of(err)
}

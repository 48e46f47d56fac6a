//go:build linux || darwin

package jail_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/jail"
)

// Opening a pipe never waits. Reading one does, without holding a thread, until there is something, Interrupt or Close.
func TestPipe(t *testing.T) {
	fs, box, _ := newBox(t)
	path := filepath.Join(box, "fifo")
	must(t, syscall.Mkfifo(path, 0o644))
	if e := openErrno(fs, "fifo", experimentalsys.O_WRONLY); e == 0 || e == experimentalsys.EAGAIN {
		t.Errorf("open to write without a reader: %v", e)
	}
	reader := open(t, fs, "fifo", rdonly)
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer writer.Close()
	type result struct {
		text string
		e    experimentalsys.Errno
	}
	results := make(chan result)
	parked := func() {
		go func() {
			buf := make([]byte, 10)
			n, e := reader.Read(buf)
			results <- result{string(buf[:n]), e}
		}()
		select {
		case r := <-results:
			t.Fatalf("the read did not wait: %v", r)
		case <-time.After(30 * time.Millisecond):
		}
	}
	expect := func(text string, e experimentalsys.Errno) {
		t.Helper()
		select {
		case r := <-results:
			if r.text != text || r.e != e {
				t.Errorf("got %q, %v, want %q, %v", r.text, r.e, text, e)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("the read hangs")
		}
	}
	parked()
	writer.WriteString("hi")
	expect("hi", 0)
	parked()
	fs.Interrupt()
	expect("", experimentalsys.EINTR)
	polled := reader.(experimentalsys.PollableFile)
	if ready, e := polled.Poll(experimentalsys.POLLIN, 1); ready || e != 0 {
		t.Errorf("poll: %v, %v", ready, e)
	}
	go func() {
		_, e := polled.Poll(experimentalsys.POLLIN, -1)
		results <- result{"", e}
	}()
	time.Sleep(30 * time.Millisecond)
	fs.Interrupt()
	expect("", experimentalsys.EINTR)
	want(t, "nonblock", polled.SetNonblock(true), 0)
	_, e := reader.Read(make([]byte, 1))
	want(t, "read that does not wait", e, experimentalsys.EAGAIN)
	want(t, "block", polled.SetNonblock(false), 0)
	parked()
	writer.WriteString("again")
	expect("again", 0)
	parked()
	must(t, fs.Close())
	expect("", ebadf)
}

func TestOpenFilesLimit(t *testing.T) {
	_, box, _ := newBox(t)
	limit := jail.NewOpenFiles(3)
	a, b := jail.New(box, false, limit), jail.New(box, true, limit) // two mounts of one guest
	defer b.Close()
	first := open(t, a, "in", rdonly)
	open(t, a, "sub", experimentalsys.O_DIRECTORY)
	open(t, b, "in", rdonly)
	const tooMany = 0x1000 + 33 // EMFILE, see errno.go
	want(t, "one too many", openErrno(b, "in", rdonly), tooMany)
	want(t, "missing", openErrno(b, "no", rdonly), tooMany)
	mount, e := b.OpenFile(".", rdonly, 0)
	want(t, "the preopened directory", e, 0)
	if entries, e := mount.Readdir(10); len(entries) != 2 || e != 0 {
		t.Errorf("%v, %v", entries, e)
	}
	mount.Close()
	first.Close()
	want(t, "after a close", openErrno(b, "in", rdonly), 0)
	want(t, "an open that fails", openErrno(b, "no", rdonly), enoent)
	want(t, "does not count", openErrno(b, "in", rdonly), 0)
	must(t, a.Close())
	open(t, b, "in", rdonly)
	open(t, b, "in", rdonly)
	want(t, "after the other mount has gone", openErrno(b, "in", rdonly), tooMany)
}

func TestCloseClosesAll(t *testing.T) {
	fs, _, _ := newBox(t)
	f := open(t, fs, "in", rdonly)
	must(t, fs.Close())
	must(t, fs.Close())
	_, e := f.Read(make([]byte, 1))
	want(t, "read", e, ebadf)
	want(t, "open", openErrno(fs, "in", rdonly), ebadf)
	want(t, "mkdir", fs.Mkdir("x", 0o755), ebadf)
}

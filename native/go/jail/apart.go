//go:build linux || darwin

package jail

import (
	"io/fs"
	"sync"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"wazeronode/blocking"
)

// Wait runs until, which returns when stop closes, and does not come back where it was stopped: it unwinds the guest.
type Wait func(until func(stop <-chan struct{}))

// Apart is an FS whose calls a guest can be called back from where the file system may never answer: FUSE, NFS and others like them. There
// each call of the system is made by a goroutine of its own, on bytes of its own, while the guest waits as for anything else. What a
// call leaves behind when nobody waits for it any more goes with the FS. On other file systems calls are made at once.
type Apart struct {
	*FS
	wait  Wait
	known bool
	slow  bool
	hangs bool // a file could not be closed in time
}

// Apart is to be given to the guest in the place of the FS.
func (f *FS) Apart(wait Wait) *Apart { return &Apart{FS: f, wait: wait} }

var _ experimentalsys.FS = (*Apart)(nil)

func (a *Apart) isSlow() bool {
	if !a.known {
		if places := slowMounts(); len(places) > 0 {
			a.slow = isAmong(a.dir, places)
		}
		a.FS.mu.Lock()
		a.known, a.FS.slow = true, a.slow
		a.FS.mu.Unlock()
	}
	return a.slow
}

func apart[T any](a *Apart, do func() T) (result T) {
	if !a.slow {
		return do()
	}
	done := make(chan T, 1)
	a.wait(func(stop <-chan struct{}) {
		if !blocking.Files.Enter(stop) {
			return
		}
		go func() {
			defer blocking.Files.Leave()
			done <- do()
		}()
		select {
		case result = <-done:
		case <-stop:
		}
	})
	return result
}

// background is for what may not end: nobody waits for it. What it is done with, if that is busy, ends first.
func background(busy *sync.Mutex, do func()) {
	go func() {
		if busy != nil {
			busy.Lock()
			defer busy.Unlock()
		}
		blocking.Files.Enter(nil)
		defer blocking.Files.Leave()
		do()
	}()
}

type answer[T any] struct {
	value T
	errno experimentalsys.Errno
}

func ask[T any](a *Apart, do func() (T, experimentalsys.Errno)) (T, experimentalsys.Errno) {
	if !a.isSlow() {
		return do()
	}
	r := apart(a, func() (r answer[T]) { r.value, r.errno = do(); return r })
	return r.value, r.errno
}

func tell(a *Apart, do func() experimentalsys.Errno) experimentalsys.Errno {
	if !a.isSlow() {
		return do()
	}
	return apart(a, do)
}

func (a *Apart) OpenFile(path string, flag experimentalsys.Oflag, perm fs.FileMode) (experimentalsys.File, experimentalsys.Errno) {
	opened, e := ask(a, func() (experimentalsys.File, experimentalsys.Errno) { return a.FS.OpenFile(path, flag, perm) })
	if f, ok := opened.(*file); ok && a.slow && !f.special {
		return &apartFile{f, a}, e
	}
	if d, ok := opened.(*dirFile); ok {
		return &apartDir{dirFile: d, fs: a}, e
	}
	return opened, e
}

func (a *Apart) Lstat(path string) (sys.Stat_t, experimentalsys.Errno) {
	return ask(a, func() (sys.Stat_t, experimentalsys.Errno) { return a.FS.Lstat(path) })
}

func (a *Apart) Stat(path string) (sys.Stat_t, experimentalsys.Errno) {
	return ask(a, func() (sys.Stat_t, experimentalsys.Errno) { return a.FS.Stat(path) })
}

func (a *Apart) Readlink(path string) (string, experimentalsys.Errno) {
	return ask(a, func() (string, experimentalsys.Errno) { return a.FS.Readlink(path) })
}

func (a *Apart) Mkdir(path string, perm fs.FileMode) experimentalsys.Errno {
	return tell(a, func() experimentalsys.Errno { return a.FS.Mkdir(path, perm) })
}

func (a *Apart) Chmod(path string, perm fs.FileMode) experimentalsys.Errno {
	return tell(a, func() experimentalsys.Errno { return a.FS.Chmod(path, perm) })
}

func (a *Apart) Rename(from, to string) experimentalsys.Errno {
	return a.RenameTo(from, a, to)
}

func (a *Apart) RenameTo(from string, other experimentalsys.FS, to string) experimentalsys.Errno {
	return tell(a.slower(other), func() experimentalsys.Errno { return a.FS.RenameTo(from, other, to) })
}

func (a *Apart) LinkTo(from string, other experimentalsys.FS, to string) experimentalsys.Errno {
	return tell(a.slower(other), func() experimentalsys.Errno { return a.FS.LinkTo(from, other, to) })
}

// slower is which of two may not answer.
func (a *Apart) slower(other experimentalsys.FS) *Apart {
	if b, ok := other.(*Apart); ok && !a.isSlow() {
		return b
	}
	return a
}

func (a *Apart) Rmdir(path string) experimentalsys.Errno {
	return tell(a, func() experimentalsys.Errno { return a.FS.Rmdir(path) })
}

func (a *Apart) Unlink(path string) experimentalsys.Errno {
	return tell(a, func() experimentalsys.Errno { return a.FS.Unlink(path) })
}

func (a *Apart) Link(from, to string) experimentalsys.Errno {
	return a.LinkTo(from, a, to)
}

func (a *Apart) Symlink(target, link string) experimentalsys.Errno {
	return tell(a, func() experimentalsys.Errno { return a.FS.Symlink(target, link) })
}

func (a *Apart) Utimens(path string, atim, mtim int64) experimentalsys.Errno {
	return tell(a, func() experimentalsys.Errno { return a.FS.Utimens(path, atim, mtim) })
}

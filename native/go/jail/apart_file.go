//go:build linux || darwin

package jail

import (
	"bytes"
	"sync"
	"time"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// apartFile is an open file of an Apart that is slow. The bytes of a read or write are not the guest's, whose memory may be gone when the
// call ends at last; at most so many at once. It is busy until then, and closed after that.
type apartFile struct {
	*file
	fs *Apart
}

func fileDo[T any](f *apartFile, do func() (T, experimentalsys.Errno)) (T, experimentalsys.Errno) {
	return ask(f.fs, func() (T, experimentalsys.Errno) {
		f.busy.Lock()
		defer f.busy.Unlock()
		return do()
	})
}

func (f *apartFile) tell(do func() experimentalsys.Errno) experimentalsys.Errno {
	_, e := fileDo(f, func() (struct{}, experimentalsys.Errno) { return struct{}{}, do() })
	return e
}

const apartBytes = 1 << 20

func (f *apartFile) read(buf []byte, do func([]byte) (int, experimentalsys.Errno)) (int, experimentalsys.Errno) {
	own := make([]byte, min(len(buf), apartBytes))
	n, e := fileDo(f, func() (int, experimentalsys.Errno) { return do(own) })
	return copy(buf, own[:max(n, 0)]), e
}

func (f *apartFile) write(buf []byte, do func([]byte) (int, experimentalsys.Errno)) (int, experimentalsys.Errno) {
	own := bytes.Clone(buf[:min(len(buf), apartBytes)])
	return fileDo(f, func() (int, experimentalsys.Errno) { return do(own) })
}

func (f *apartFile) Read(buf []byte) (int, experimentalsys.Errno)  { return f.read(buf, f.file.Read) }
func (f *apartFile) Write(buf []byte) (int, experimentalsys.Errno) { return f.write(buf, f.file.Write) }

func (f *apartFile) Pread(buf []byte, offset int64) (int, experimentalsys.Errno) {
	return f.read(buf, func(own []byte) (int, experimentalsys.Errno) { return f.file.Pread(own, offset) })
}

func (f *apartFile) Pwrite(buf []byte, offset int64) (int, experimentalsys.Errno) {
	return f.write(buf, func(own []byte) (int, experimentalsys.Errno) { return f.file.Pwrite(own, offset) })
}

func (f *apartFile) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	return fileDo(f, func() (int64, experimentalsys.Errno) { return f.file.Seek(offset, whence) })
}

func (f *apartFile) Stat() (sys.Stat_t, experimentalsys.Errno) { return fileDo(f, f.file.Stat) }

func (f *apartFile) Readdir(n int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	return fileDo(f, func() ([]experimentalsys.Dirent, experimentalsys.Errno) { return f.file.Readdir(n) })
}

func (f *apartFile) Truncate(size int64) experimentalsys.Errno {
	return f.tell(func() experimentalsys.Errno { return f.file.Truncate(size) })
}

func (f *apartFile) Sync() experimentalsys.Errno     { return f.tell(f.file.Sync) }
func (f *apartFile) Datasync() experimentalsys.Errno { return f.tell(f.file.Datasync) }

func (f *apartFile) Utimens(atim, mtim int64) experimentalsys.Errno {
	return f.tell(func() experimentalsys.Errno { return f.file.Utimens(atim, mtim) })
}

func (f *apartFile) Close() experimentalsys.Errno { return f.fs.closeSoon(&f.busy, f.file.Close) }

// apartDir is an open directory, or the mount itself.
type apartDir struct {
	*dirFile
	fs   *Apart
	busy sync.Mutex // while something is done with it: it is closed after that
}

func dirDo[T any](d *apartDir, do func() (T, experimentalsys.Errno)) (T, experimentalsys.Errno) {
	return ask(d.fs, func() (T, experimentalsys.Errno) {
		d.busy.Lock()
		defer d.busy.Unlock()
		return do()
	})
}

func (d *apartDir) tell(do func() experimentalsys.Errno) experimentalsys.Errno {
	_, e := dirDo(d, func() (struct{}, experimentalsys.Errno) { return struct{}{}, do() })
	return e
}

func (d *apartDir) At() (experimentalsys.FS, string, experimentalsys.Errno) {
	a := d.fs
	return &Apart{FS: d.dirFile.fs, wait: a.wait, known: a.known, slow: a.slow, hangs: a.hangs}, "", 0
}

func (d *apartDir) Stat() (sys.Stat_t, experimentalsys.Errno) { return dirDo(d, d.dirFile.Stat) }
func (d *apartDir) Dev() (uint64, experimentalsys.Errno)      { return dirDo(d, d.dirFile.Dev) }
func (d *apartDir) Ino() (sys.Inode, experimentalsys.Errno)   { return dirDo(d, d.dirFile.Ino) }
func (d *apartDir) Sync() experimentalsys.Errno               { return d.tell(d.dirFile.Sync) }
func (d *apartDir) Datasync() experimentalsys.Errno           { return d.tell(d.dirFile.Datasync) }

func (d *apartDir) Utimens(atim, mtim int64) experimentalsys.Errno {
	return d.tell(func() experimentalsys.Errno { return d.dirFile.Utimens(atim, mtim) })
}

func (d *apartDir) Seek(offset int64, whence int) (int64, experimentalsys.Errno) {
	return dirDo(d, func() (int64, experimentalsys.Errno) { return d.dirFile.Seek(offset, whence) })
}

func (d *apartDir) SeekEntry(n uint64) experimentalsys.Errno {
	return d.tell(func() experimentalsys.Errno { return d.dirFile.SeekEntry(n) })
}

func (d *apartDir) Readdir(n int) ([]experimentalsys.Dirent, experimentalsys.Errno) {
	return dirDo(d, func() ([]experimentalsys.Dirent, experimentalsys.Errno) { return d.dirFile.Readdir(n) })
}

func (d *apartDir) Close() experimentalsys.Errno { return d.fs.closeSoon(&d.busy, d.dirFile.Close) }

// closeSoon waits a little for what closing says, also where the guest has ended and cannot wait; and no more once it has been in vain.
func (a *Apart) closeSoon(busy *sync.Mutex, do func() experimentalsys.Errno) experimentalsys.Errno {
	const little = 50 * time.Millisecond
	if !a.slow {
		return do()
	}
	done := make(chan experimentalsys.Errno, 1)
	background(busy, func() { done <- do() })
	if !a.hangs {
		select {
		case e := <-done:
			return e
		case <-time.After(little):
			a.hangs = true
		}
	}
	return 0
}

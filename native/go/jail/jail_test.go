//go:build linux || darwin

package jail_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"syscall"
	"testing"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/jail"
)

const (
	enoent    = experimentalsys.ENOENT
	enotdir   = experimentalsys.ENOTDIR
	eisdir    = experimentalsys.EISDIR
	eexist    = experimentalsys.EEXIST
	einval    = experimentalsys.EINVAL
	ebadf     = experimentalsys.EBADF
	erofs     = experimentalsys.EROFS
	enotempty = experimentalsys.ENOTEMPTY
)

func open(t *testing.T, fs *jail.FS, path string, flag experimentalsys.Oflag) experimentalsys.File {
	t.Helper()
	f, e := fs.OpenFile(path, flag, anyMode)
	if e != 0 {
		t.Fatalf("%s: %v", path, e)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func openErrno(fs *jail.FS, path string, flag experimentalsys.Oflag) experimentalsys.Errno {
	f, e := fs.OpenFile(path, flag, anyMode)
	if e == 0 {
		f.Close()
	}
	return e
}

func TestErrnos(t *testing.T) {
	fs, _, _ := newBox(t)
	want(t, "symlink", fs.Symlink("sub", "link"), 0)
	want(t, "mkdir", fs.Mkdir("empty", 0o755), 0)
	stat := func(path string) experimentalsys.Errno { _, e := fs.Stat(path); return e }
	readlink := func(path string) experimentalsys.Errno { _, e := fs.Readlink(path); return e }
	for _, c := range []struct {
		what      string
		got, want experimentalsys.Errno
	}{
		{"open missing", openErrno(fs, "no", rdonly), enoent},
		{"open below a file", openErrno(fs, "in/x", rdonly), enotdir},
		{"open a file with a slash", openErrno(fs, "in/", rdonly), enotdir},
		{"open a file as a directory", openErrno(fs, "in", experimentalsys.O_DIRECTORY), enotdir},
		{"open a directory to write", openErrno(fs, "sub", rdwr), eisdir},
		{"open a directory through a link", openErrno(fs, "link", experimentalsys.O_DIRECTORY), 0},
		{"open a directory through a link with a slash", openErrno(fs, "link/", nofollow), 0},
		{"create an existing one", openErrno(fs, "in", rdwr|creat|experimentalsys.O_EXCL), eexist},
		{"create a link", openErrno(fs, "link", rdwr|creat|experimentalsys.O_EXCL), eexist},
		{"stat with a slash", stat("in/"), enotdir},
		{"stat a directory with a slash", stat("sub/"), 0},
		{"stat the mount", stat("/"), 0},
		{"mkdir existing", fs.Mkdir("sub", 0o755), eexist},
		{"mkdir below nothing", fs.Mkdir("no/x", 0o755), enoent},
		{"mkdir below a file", fs.Mkdir("in/x", 0o755), enotdir},
		{"mkdir with a slash", fs.Mkdir("slash/", 0o755), 0},
		{"rmdir a file", fs.Rmdir("in"), enotdir},
		{"rmdir a link", fs.Rmdir("link"), enotdir},
		{"rmdir a full directory", fs.Rmdir("sub"), enotempty},
		{"rmdir the mount", fs.Rmdir("."), einval},
		{"rmdir with a slash", fs.Rmdir("slash/"), 0},
		{"unlink a directory", fs.Unlink("sub"), eisdir},
		{"unlink a directory with a slash", fs.Unlink("sub/"), eisdir},
		{"unlink a file with a slash", fs.Unlink("in/"), enotdir},
		{"unlink missing", fs.Unlink("no"), enoent},
		{"unlink the mount", fs.Unlink("."), eisdir},
		{"rename missing", fs.Rename("no", "x"), enoent},
		{"rename a file over a directory", fs.Rename("in", "sub"), eisdir},
		{"rename a directory over a file", fs.Rename("sub", "in"), enotdir},
		{"rename a directory over a full one", fs.Rename("empty", "sub"), enotempty},
		{"rename a file to a slash", fs.Rename("in", "x/"), enotdir},
		{"rename into itself", fs.Rename("sub", "sub/x"), einval},
		{"rename to the same", fs.Rename("in", "in"), 0},
		{"link a directory", fs.Link("sub", "x"), experimentalsys.EPERM},
		{"link over a file", fs.Link("in", "sub/deep"), eexist},
		{"link to a slash", fs.Link("in", "x/"), enoent},
		{"symlink over a file", fs.Symlink("x", "in"), eexist},
		{"readlink a file", readlink("in"), einval},
		{"readlink missing", readlink("no"), enoent},
		{"utimens missing", fs.Utimens("no", 0, 0), enoent},
		{"chmod missing", fs.Chmod("no", 0o600), enoent},
	} {
		want(t, c.what, c.got, c.want)
	}
	want(t, "rename over an empty directory", fs.Rename("sub", "empty"), 0)
	if got, e := read(fs, "empty/deep"); e != 0 || got != "deep" {
		t.Errorf("%q, %v", got, e)
	}
}

func TestFile(t *testing.T) {
	fs, _, _ := newBox(t)
	f := open(t, fs, "new", rdwr|creat)
	if n, e := f.Write([]byte("hello")); n != 5 || e != 0 {
		t.Fatal(n, e)
	}
	buf := make([]byte, 10)
	if n, e := f.Pread(buf, 3); n != 2 || e != 0 {
		t.Errorf("pread over the end: %d, %v", n, e)
	}
	if n, e := f.Read(buf); n != 0 || e != 0 {
		t.Errorf("read at the end: %d, %v", n, e)
	}
	if at, e := f.Seek(-4, io.SeekEnd); at != 1 || e != 0 {
		t.Errorf("seek: %d, %v", at, e)
	}
	if n, e := f.Read(buf[:2]); string(buf[:n]) != "el" || e != 0 {
		t.Errorf("read: %q, %v", buf[:n], e)
	}
	_, e := f.Seek(0, 9)
	want(t, "seek whence", e, einval)
	_, e = f.Seek(-1, io.SeekStart)
	want(t, "seek below zero", e, einval)
	_, e = f.Pread(buf, -1)
	want(t, "pread below zero", e, einval)
	_, e = f.Pwrite(buf, -1)
	want(t, "pwrite below zero", e, einval)
	want(t, "truncate below zero", f.Truncate(-1), einval)
	want(t, "truncate", f.Truncate(3), 0)
	want(t, "sync", f.Sync(), 0)
	want(t, "datasync", f.Datasync(), 0)
	want(t, "utimens", f.Utimens(5e9+1, experimentalsys.UTIME_OMIT), 0)
	st, e := f.Stat()
	if e != 0 || st.Size != 3 || st.Nlink != 1 || st.Mtim < 1e18 {
		t.Errorf("stat: %+v, %v", st, e)
	}
	dev, _ := f.Dev()
	if ino, _ := f.Ino(); ino != st.Ino || dev != st.Dev {
		t.Error("Ino and Dev are not those of Stat")
	}
	_, e = open(t, fs, "new", rdonly).Write([]byte("x"))
	want(t, "write what is open to read", e, ebadf)
	_, e = open(t, fs, "new", experimentalsys.O_WRONLY).Read(buf)
	want(t, "read what is open to write", e, ebadf)
	want(t, "close", f.Close(), 0)
	want(t, "close twice", f.Close(), 0)
	_, e = f.Read(buf)
	want(t, "read when closed", e, ebadf)
	_, e = f.Stat()
	want(t, "stat when closed", e, ebadf)
	want(t, "append when closed", f.SetAppend(true), ebadf)
}

func TestAppend(t *testing.T) {
	fs, _, _ := newBox(t)
	f := open(t, fs, "in", rdwr|experimentalsys.O_APPEND)
	f.Seek(0, io.SeekStart)
	f.Write([]byte("+"))
	if n, e := f.Pwrite([]byte("I"), 0); n != 1 || e != 0 || !f.IsAppend() { // at its offset, as POSIX has it
		t.Errorf("pwrite: %d, %v", n, e)
	}
	f.Write([]byte("!"))
	want(t, "set append off", f.SetAppend(false), 0)
	f.Seek(1, io.SeekStart)
	f.Write([]byte("N"))
	if got, _ := read(fs, "in"); got != "INside+!" || f.IsAppend() {
		t.Errorf("got %q", got)
	}
}

func TestReaddir(t *testing.T) {
	fs, box, _ := newBox(t)
	for i := range 1000 {
		must(t, os.WriteFile(filepath.Join(box, "sub", fmt.Sprintf("%0100d", i)), nil, 0o644))
	}
	want(t, "symlink", fs.Symlink("x", "sub/link"), 0)
	want(t, "mkdir", fs.Mkdir("sub/dir", 0o755), 0)
	must(t, syscall.Mkfifo(filepath.Join(box, "sub/fifo"), 0o644))
	d := open(t, fs, "sub", experimentalsys.O_DIRECTORY)
	list := func(step int) (names []string) {
		for {
			entries, e := d.Readdir(step)
			if e != 0 {
				t.Fatal(e)
			}
			for _, entry := range entries {
				st, e := fs.Lstat("sub/" + entry.Name)
				if e != 0 || st.Ino != entry.Ino || st.Mode.Type() != entry.Type {
					t.Errorf("%+v: %v, %+v", entry, e, st)
				}
				names = append(names, entry.Name)
			}
			if step <= 0 || len(entries) < step {
				return names
			}
		}
	}
	names := list(7)
	sort.Strings(names)
	if len(names) != 1004 || names[1003] != "link" || names[1002] != "fifo" {
		t.Errorf("%d entries", len(names))
	}
	if more := list(7); len(more) != 0 {
		t.Errorf("%d entries after the end", len(more))
	}
	want(t, "unlink", fs.Unlink("sub/link"), 0)
	if _, e := d.Seek(0, io.SeekStart); e != 0 {
		t.Fatal(e)
	}
	if n := len(list(0)); n != 1003 {
		t.Errorf("%d entries after a rewind", n)
	}
	_, e := open(t, fs, "in", rdonly).Readdir(1)
	want(t, "readdir of a file", e, ebadf)
}

func TestTimes(t *testing.T) {
	fs, _, _ := newBox(t)
	want(t, "symlink", fs.Symlink("in", "link"), 0)
	before, _ := fs.Stat("in")
	// WASI's path_filestat_set_times without following comes as an open to write without a mode.
	for _, path := range []string{"link", "sub"} {
		f, e := fs.OpenFile(path, experimentalsys.O_WRONLY, 0)
		want(t, path, e, 0)
		want(t, path, f.Utimens(experimentalsys.UTIME_OMIT, 7e9+8), 0)
		want(t, path, f.Close(), 0)
		if st, _ := fs.Lstat(path); st.Mtim != 7e9+8 || st.Atim < 1e18 {
			t.Errorf("%s: %+v", path, st)
		}
	}
	if after, _ := fs.Stat("in"); after.Mtim != before.Mtim {
		t.Error("the link was followed")
	}
	want(t, "utimens", fs.Utimens("link", 1, 2e9+3), 0)
	if st, _ := fs.Stat("in"); st.Atim != 1 || st.Mtim != 2e9+3 {
		t.Errorf("%+v", st)
	}
}

func TestReadOnly(t *testing.T) {
	_, box, _ := newBox(t)
	fs := jail.New(box, true, jail.NewOpenFiles(0))
	defer fs.Close()
	f := open(t, fs, "in", rdonly)
	_, e := f.Write([]byte("x"))
	want(t, "write", e, ebadf)
	times, e := fs.OpenFile("in", experimentalsys.O_WRONLY, 0)
	want(t, "open for times", e, 0)
	for what, e := range map[string]experimentalsys.Errno{
		"open to write":       openErrno(fs, "in", rdwr),
		"open to truncate":    openErrno(fs, "in", rdonly|experimentalsys.O_TRUNC),
		"create":              openErrno(fs, "new", rdonly|creat),
		"truncate":            f.Truncate(0),
		"utimens of the file": f.Utimens(0, 0),
		"times of the path":   times.Utimens(0, 0),
		"mkdir":               fs.Mkdir("new", 0o755),
		"chmod":               fs.Chmod("in", 0o777),
		"rename":              fs.Rename("in", "new"),
		"rmdir":               fs.Rmdir("sub"),
		"unlink":              fs.Unlink("in"),
		"link":                fs.Link("in", "new"),
		"symlink":             fs.Symlink("in", "new"),
		"utimens":             fs.Utimens("in", 0, 0),
	} {
		want(t, what, e, erofs)
	}
	want(t, "open an existing one to create", openErrno(fs, "in", rdonly|creat), 0)
	want(t, "open a directory to write", openErrno(fs, "sub", rdwr), eisdir)
	want(t, "open missing to write", openErrno(fs, "new", rdwr), enoent)
}

// A mount of nothing is a directory for wazero, and the host's error for the guest.
func TestMissingMount(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	fs := jail.New(dir, false, jail.NewOpenFiles(0))
	defer fs.Close()
	mount, e := fs.OpenFile(".", rdonly, 0)
	want(t, "open", e, 0)
	if isDir, e := mount.IsDir(); !isDir || e != 0 {
		t.Errorf("IsDir: %v, %v", isDir, e)
	}
	_, e = mount.Stat()
	want(t, "stat", e, enoent)
	_, e = mount.Readdir(1)
	want(t, "readdir", e, enoent)
	want(t, "open below", openErrno(fs, "x", rdwr|creat), enoent)
	must(t, os.Mkdir(dir, 0o755))
	want(t, "open below once it is there", openErrno(fs, "x", rdwr|creat), 0)
	if st, e := mount.Stat(); e != 0 || st.Mode.Type() != modeDir {
		t.Errorf("stat: %+v, %v", st, e)
	}

	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	notDir := jail.New(file, false, jail.NewOpenFiles(0))
	want(t, "a mount of a file", openErrno(notDir, "x", rdonly), enotdir)
}

const modeDir = fs.ModeDir

func TestDirectoryIsNotRead(t *testing.T) {
	fs, _, _ := newBox(t)
	d := open(t, fs, "sub", experimentalsys.O_DIRECTORY)
	buf := make([]byte, 1)
	_, read := d.Read(buf)
	_, pread := d.Pread(buf, 0)
	_, write := d.Write(buf)
	_, pwrite := d.Pwrite(buf, 0)
	for what, e := range map[string]experimentalsys.Errno{"read": read, "pread": pread, "write": write, "pwrite": pwrite, "truncate": d.Truncate(0)} {
		want(t, what, e, ebadf)
	}
	want(t, "append", d.SetAppend(true), eisdir)
}

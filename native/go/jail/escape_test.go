//go:build linux || darwin

package jail_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/jail"
)

const (
	rdonly   = experimentalsys.O_RDONLY
	rdwr     = experimentalsys.O_RDWR
	creat    = experimentalsys.O_CREAT
	nofollow = experimentalsys.O_NOFOLLOW
	anyMode  = 0o600
)

// newBox makes <base>/outside/secret and a mount of <base>/box; it returns both folders.
func newBox(t *testing.T) (fs *jail.FS, box, outside string) {
	t.Helper()
	base := t.TempDir()
	box, outside = filepath.Join(base, "box"), filepath.Join(base, "outside")
	for _, dir := range []string{box, outside, filepath.Join(box, "sub")} {
		must(t, os.Mkdir(dir, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o644))
	must(t, os.WriteFile(filepath.Join(box, "in"), []byte("inside"), 0o644))
	must(t, os.WriteFile(filepath.Join(box, "sub/deep"), []byte("deep"), 0o644))
	fs = jail.New(box, false, jail.NewOpenFiles(100))
	t.Cleanup(func() { fs.Close() })
	return fs, box, outside
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, what string, got, want experimentalsys.Errno) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func read(fs *jail.FS, path string) (string, experimentalsys.Errno) {
	f, e := fs.OpenFile(path, rdonly, anyMode)
	if e != 0 {
		return "", e
	}
	defer f.Close()
	buf := make([]byte, 100)
	n, e := f.Read(buf)
	return string(buf[:n]), e
}

// everything tries each operation on a path and returns what each said.
func everything(fs *jail.FS, path string) map[string]experimentalsys.Errno {
	errnos := map[string]experimentalsys.Errno{}
	open := func(name string, flag experimentalsys.Oflag) {
		f, e := fs.OpenFile(path, flag, anyMode)
		if e == 0 {
			f.Close()
		}
		errnos[name] = e
	}
	open("read", rdonly)
	open("write", rdwr)
	open("create", rdwr|creat)
	open("truncate", rdwr|experimentalsys.O_TRUNC)
	open("list", experimentalsys.O_DIRECTORY)
	_, errnos["stat"] = fs.Stat(path)
	errnos["chmod"] = fs.Chmod(path, 0o777)
	errnos["utimens"] = fs.Utimens(path, 1e9, 1e9)
	errnos["link"] = fs.Link(path+"/secret", "stolen")
	errnos["rename from"] = fs.Rename(path+"/secret", "stolen")
	errnos["rename to"] = fs.Rename("in", path+"/in")
	errnos["unlink"] = fs.Unlink(path + "/secret")
	errnos["rmdir"] = fs.Rmdir(path + "/sub")
	errnos["mkdir"] = fs.Mkdir(path+"/new", 0o755)
	errnos["symlink"] = fs.Symlink("x", path+"/new")
	_, errnos["readlink"] = fs.Readlink(path + "/secret")
	_, errnos["lstat"] = fs.Lstat(path + "/secret")
	f, e := fs.OpenFile(path+"/secret", rdonly|nofollow, anyMode)
	if e == 0 {
		f.Close()
	}
	errnos["nofollow"] = e
	return errnos
}

func TestNothingLeadsOutside(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(t *testing.T, fs *jail.FS, box, outside string)
		path  string
	}{
		{"..", nil, "../outside"},
		{".. further down", nil, "sub/../../outside"},
		{".. through a link", func(t *testing.T, fs *jail.FS, _, _ string) { want(t, "symlink", fs.Symlink("sub", "l"), 0) }, "l/../../outside"},
		{"the guest's link", func(t *testing.T, fs *jail.FS, _, _ string) { want(t, "symlink", fs.Symlink("../outside", "l"), 0) }, "l"},
		{"a link to a link", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "symlink", fs.Symlink("../..", "sub/up"), 0)
			want(t, "symlink", fs.Symlink("sub/up/outside", "l"), 0)
		}, "l"},
		{"a link that was moved up", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "symlink", fs.Symlink("../outside", "sub/l"), 0)
			want(t, "rename", fs.Rename("sub/l", "l"), 0)
		}, "l"},
		{"a hard link to a link", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "symlink", fs.Symlink("../outside", "sub/l"), 0)
			want(t, "link", fs.Link("sub/l", "l"), 0)
		}, "l"},
		{"the host's link", func(t *testing.T, _ *jail.FS, box, _ string) {
			must(t, os.Symlink("../outside", filepath.Join(box, "l")))
		}, "l"},
		{"the host's absolute link", func(t *testing.T, _ *jail.FS, box, outside string) {
			must(t, os.Symlink(outside, filepath.Join(box, "l")))
		}, "l"},
		{"a link with a slash", func(t *testing.T, _ *jail.FS, box, _ string) {
			must(t, os.Symlink("../outside/", filepath.Join(box, "l")))
		}, "l/"},
		{"/proc", func(t *testing.T, _ *jail.FS, box, _ string) {
			must(t, os.Symlink("/proc/self/root", filepath.Join(box, "l")))
		}, "l"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs, box, outside := newBox(t)
			if c.setup != nil {
				c.setup(t, fs, box, outside)
			}
			for what, e := range everything(fs, c.path) {
				made := what == "create" && strings.HasSuffix(c.path, "/") // a directory, wherever it would be
				if allowed := e == experimentalsys.EPERM || made && e == experimentalsys.EISDIR; !allowed {
					t.Errorf("%s: %v", what, e)
				}
			}
			secret, err := os.ReadFile(filepath.Join(outside, "secret"))
			if info, statErr := os.Stat(outside); err != nil || statErr != nil || string(secret) != "secret" || info.ModTime().Year() < 2000 {
				t.Errorf("outside was changed: %q, %v, %v", secret, err, statErr)
			}
			if entries, _ := os.ReadDir(outside); len(entries) != 1 {
				t.Errorf("outside has %v", entries)
			}
		})
	}
}

func TestLinksInsideWork(t *testing.T) {
	fs, box, _ := newBox(t)
	want(t, "symlink", fs.Symlink("sub/deep", "file"), 0)
	want(t, "symlink", fs.Symlink("sub", "dir"), 0)
	want(t, "symlink", fs.Symlink("../in", "sub/up"), 0)
	want(t, "symlink", fs.Symlink("dir/up", "chain"), 0)
	for path, content := range map[string]string{"file": "deep", "dir/deep": "deep", "sub/up": "inside", "dir/up": "inside", "chain": "inside", "/in": "inside", "sub//deep": "deep"} {
		if got, e := read(fs, path); e != 0 || got != content {
			t.Errorf("%s: %q, %v", path, got, e)
		}
	}
	if target, e := fs.Readlink("sub/up"); e != 0 || target != "../in" {
		t.Errorf("readlink: %q, %v", target, e)
	}
	_, e := fs.OpenFile("file", rdonly|nofollow, anyMode)
	want(t, "open without following", e, experimentalsys.ELOOP)
	_, e = fs.OpenFile("dir", rdonly|nofollow|experimentalsys.O_DIRECTORY, anyMode)
	want(t, "open a directory without following", e, experimentalsys.ENOTDIR)
	want(t, "symlink to an absolute path", fs.Symlink(box, "abs"), experimentalsys.EPERM)
	want(t, "loop", fs.Symlink("loop", "loop"), 0)
	_, e = fs.Stat("loop")
	want(t, "stat of a loop", e, experimentalsys.ELOOP)
	// A new file through a dangling link appears at the link's target.
	want(t, "dangling", fs.Symlink("sub/new", "dangling"), 0)
	f, e := fs.OpenFile("dangling", rdwr|creat, anyMode)
	want(t, "create through a link", e, 0)
	f.Close()
	if _, err := os.Lstat(filepath.Join(box, "sub/new")); err != nil {
		t.Error(err)
	}
}

// While a path's directory is swapped for a link that leads outside, and back, nothing outside is ever seen or touched.
func TestSwapRace(t *testing.T) {
	fs, box, outside := newBox(t)
	must(t, os.Mkdir(filepath.Join(box, "real"), 0o755))
	must(t, os.WriteFile(filepath.Join(box, "real/secret"), []byte("inside"), 0o644))
	must(t, os.Symlink("../outside", filepath.Join(box, "link")))
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		flip, real, link := filepath.Join(box, "flip"), filepath.Join(box, "real"), filepath.Join(box, "link")
		for !stop.Load() {
			_ = os.Rename(real, flip)
			_ = os.Rename(flip, real)
			_ = os.Rename(link, flip)
			_ = os.Rename(flip, link)
		}
	}()
	seen := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if got, e := read(fs, "flip/secret"); e == 0 {
			seen++
			if got != "inside" {
				t.Fatalf("read %q", got)
			}
		}
		if f, e := fs.OpenFile("flip/secret", rdonly|nofollow, anyMode); e == 0 {
			st, _ := f.Stat()
			f.Close()
			if st.Size != 6 { // both are 6 bytes: the inode tells
				t.Fatal("wrong file")
			}
		}
		fs.Mkdir("flip/made", 0o755)
		fs.Rmdir("flip/made")
		fs.Symlink("x", "flip/made")
		fs.Rename("flip/made", "flip/moved")
		fs.Unlink("flip/moved")
		if f, e := fs.OpenFile("flip/made", rdwr|creat|experimentalsys.O_EXCL, anyMode); e == 0 {
			f.Close()
			fs.Unlink("flip/made")
		}
		fs.Utimens("flip", 1e9, 1e9)
		fs.Chmod("flip", 0o700)
	}
	stop.Store(true)
	<-done
	if seen == 0 {
		t.Error("the race never let a read through: it tests nothing")
	}
	entries, _ := os.ReadDir(outside)
	info, _ := os.Stat(outside)
	if len(entries) != 1 || info.ModTime().Year() < 2000 || info.Mode().Perm() != 0o755 {
		t.Errorf("outside was changed: %v, %v", entries, info)
	}
}

// The directory that was mounted is held: what the host puts in its place afterwards is not the guest's.
func TestReplacedMount(t *testing.T) {
	fs, box, outside := newBox(t)
	if got, e := read(fs, "in"); e != 0 || got != "inside" {
		t.Fatal(got, e)
	}
	must(t, os.Rename(box, box+".old"))
	must(t, os.Symlink(outside, box))
	if got, e := read(fs, "in"); e != 0 || got != "inside" {
		t.Errorf("%q, %v", got, e)
	}
	_, e := read(fs, "secret")
	want(t, "secret", e, experimentalsys.ENOENT)
}

func TestLongPaths(t *testing.T) {
	fs, _, _ := newBox(t)
	for path, errno := range map[string]experimentalsys.Errno{
		strings.Repeat("a", 300):              experimentalsys.ENAMETOOLONG,
		"in\x00":                              experimentalsys.EINVAL,
		strings.Repeat("sub/../", 500) + "in": experimentalsys.ENAMETOOLONG,
	} {
		_, e := fs.Stat(path)
		want(t, path[:3]+"...", e, errno)
		want(t, path[:3]+"...", fs.Unlink(path), errno)
	}
}

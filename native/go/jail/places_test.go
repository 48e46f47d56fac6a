//go:build linux || darwin

package jail_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/jail"
)

// in opens a directory and gives what is relative to it.
func in(t *testing.T, fs *jail.FS, path string) *jail.FS {
	t.Helper()
	at, _, e := open(t, fs, path, experimentalsys.O_DIRECTORY).(interface {
		At() (experimentalsys.FS, string, experimentalsys.Errno)
	}).At()
	want(t, "At", e, 0)
	return at.(*jail.FS)
}

// From an open directory neither a path nor a link leads out of the mount, wherever the directory has got to.
func TestNothingLeadsOutsideFromAnOpenDirectory(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(t *testing.T, fs *jail.FS, box, outside string)
		path  string
	}{
		{"..", nil, "../../outside"},
		{"a link", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "symlink", fs.Symlink("../../outside", "sub/l"), 0)
		}, "l"},
		{"..  after a link", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "mkdir", fs.Mkdir("sub/a", 0o755), 0)
			want(t, "symlink", fs.Symlink("a/../..", "sub/l"), 0)
		}, "l/../outside"},
		{"links to links with ..", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "symlink", fs.Symlink("..", "sub/up"), 0)
			want(t, "symlink", fs.Symlink("up/sub/up/..", "sub/upper"), 0)
		}, "upper/outside"},
		{"a directory that was moved up", func(t *testing.T, fs *jail.FS, _, _ string) {
			want(t, "mkdir", fs.Mkdir("sub/a", 0o755), 0)
			want(t, "symlink", fs.Symlink("../../outside", "sub/a/l"), 0)
			want(t, "symlink", fs.Symlink("a/l", "sub/l"), 0)
			want(t, "rename", fs.Rename("sub/a", "a"), 0)
			want(t, "symlink", fs.Symlink("../a/l", "sub/m"), 0)
		}, "m"},
		{"the host's link", func(t *testing.T, _ *jail.FS, box, outside string) {
			must(t, os.Symlink(outside, filepath.Join(box, "sub/l")))
		}, "l"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs, box, outside := newBox(t)
			if c.setup != nil {
				c.setup(t, fs, box, outside)
			}
			sub := in(t, fs, "sub")
			want(t, "in", fs.Rename("in", "sub/in"), 0)
			check := func() {
				for what, e := range everything(sub, c.path) {
					if e != experimentalsys.EPERM {
						t.Errorf("%s: %v", what, e)
					}
				}
			}
			check()
			// Above the mount, at the place where its paths would lead to what is outside.
			must(t, os.Rename(filepath.Join(box, "sub"), filepath.Join(box, "../moved")))
			if got, e := read(sub, "in"); got != "inside" || e != 0 {
				t.Errorf("the directory that was opened: %q, %v", got, e)
			}
			for _, path := range []string{c.path + "/secret", "../outside/secret", "../../outside/secret"} {
				if got, e := read(sub, path); got == "secret" || e == 0 {
					t.Errorf("%s: %q, %v", path, got, e)
				}
			}
			if entries, _ := os.ReadDir(outside); len(entries) != 1 {
				t.Errorf("outside has %v", entries)
			}
		})
	}
}

// Two mounts: what is renamed and linked stays in one of them, and no third file comes in.
func TestBetweenMounts(t *testing.T) {
	a, boxA, _ := newBox(t)
	b, boxB, _ := newBox(t)
	readOnly := jail.New(boxB, true, jail.NewOpenFiles(10))
	defer readOnly.Close()
	want(t, "rename", a.RenameTo("in", b, "from-a"), 0)
	if got, e := read(b, "from-a"); got != "inside" || e != 0 {
		t.Errorf("%q, %v", got, e)
	}
	want(t, "link", b.LinkTo("from-a", a, "sub/linked"), 0)
	want(t, "from a directory to one", in(t, a, "sub").RenameTo("deep", in(t, b, "sub"), "deeper"), 0)
	want(t, "symlink", a.Symlink("../outside/secret", "l"), 0)
	want(t, "the link itself", a.LinkTo("l", b, "l"), 0)
	for what, e := range map[string]experimentalsys.Errno{
		"rename from outside":      a.RenameTo("../outside/secret", b, "x"),
		"rename to outside":        b.RenameTo("in", a, "../outside/x"),
		"link from outside":        a.LinkTo("../outside/secret", b, "x"),
		"link through a link":      a.LinkTo("l/../secret", b, "x"),
		"link to outside":          b.LinkTo("in", a, "../outside/x"),
		"up from a directory":      in(t, a, "sub").RenameTo("../../outside/secret", b, "x"),
		"up to, from a directory":  b.RenameTo("in", in(t, a, "sub"), "../../outside/x"),
		"above the directory only": in(t, a, "sub").LinkTo("../l", b, "x"),
	} {
		want(t, what, e, experimentalsys.EPERM)
	}
	erofs := experimentalsys.EROFS
	want(t, "rename to read-only", a.RenameTo("sub/linked", readOnly, "x"), erofs)
	want(t, "rename from read-only", readOnly.RenameTo("in", a, "x"), erofs)
	want(t, "link to read-only", a.LinkTo("sub/linked", readOnly, "x"), erofs)
	want(t, "link from read-only", readOnly.LinkTo("in", a, "x"), erofs)
	want(t, "another kind", a.RenameTo("sub/linked", experimentalsys.UnimplementedFS{}, "x"), 0x1000+75)
	if _, err := os.Stat(filepath.Join(boxA, "sub/linked")); err != nil {
		t.Error(err)
	}
}

// A directory is renamed to and fro between two mounts, and in them, while paths with ".." go through it.
func TestDotDotRace(t *testing.T) {
	a, boxA, outside := newBox(t)
	b, _, _ := newBox(t)
	want(t, "mkdir", a.Mkdir("d", 0o755), 0)
	want(t, "mkdir", a.Mkdir("d/e", 0o755), 0)
	must(t, os.WriteFile(filepath.Join(boxA, "secret"), []byte("inside"), 0o644))
	var stop atomic.Bool
	done := make(chan int)
	go func() {
		n := 0
		for ; !stop.Load(); n++ {
			a.RenameTo("d/e", b, "e")
			b.RenameTo("e", a, "e")
			a.Rename("e", "d/e")
			a.Symlink("../outside", "d/l")
			a.Unlink("d/l")
		}
		done <- n
	}()
	e := in(t, a, "d")
	reads := 0
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		for _, fs := range []*jail.FS{a, e} {
			for _, path := range []string{"d/e/../../secret", "d/e/../../outside/secret", "e/../secret", "e/../../outside/secret", "d/l/../outside/secret", "l/../outside/secret"} {
				switch got, _ := read(fs, path); got {
				case "secret":
					t.Fatalf("%s leads outside", path)
				case "inside":
					reads++
				}
			}
		}
	}
	stop.Store(true)
	t.Logf("%d renames, %d reads inside", <-done, reads)
	if entries, _ := os.ReadDir(outside); len(entries) != 1 {
		t.Errorf("outside has %v", entries)
	}
}

package codecache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	key  = Key{1, 2, 3}
	data = []byte("where each function begins")
	code = []byte("machine code, more or less")
)

func open(t *testing.T) *Dir {
	t.Helper()
	d, err := Open(filepath.Join(t.TempDir(), "new"), "wazero-version")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// load also checks that what was allocated for an entry that is not used is given back.
func load(t *testing.T, d *Dir, key Key) (data, code []byte, ok bool, err error) {
	t.Helper()
	open := 0
	data, code, ok, err = d.Load(key,
		func(size int) ([]byte, error) { open++; return make([]byte, size), nil },
		func([]byte) { open-- })
	if !ok && open != 0 {
		t.Fatalf("%d segments were not given back", open)
	}
	return data, code, ok, err
}

func wantGood(t *testing.T, d *Dir) {
	t.Helper()
	gotData, gotCode, ok, err := load(t, d, key)
	if !ok || err != nil || !bytes.Equal(gotData, data) || !bytes.Equal(gotCode, code) {
		t.Fatalf("got %q, %q, %v, %v", gotData, gotCode, ok, err)
	}
}

// wantRefused also checks that the next Store heals it.
func wantRefused(t *testing.T, d *Dir, what string) {
	t.Helper()
	_, _, ok, err := load(t, d, key)
	if ok || err == nil {
		t.Fatalf("%s: got %v, %v, want an error", what, ok, err)
	}
	if !strings.Contains(err.Error(), d.file(key)) {
		t.Fatalf("%s: %q does not name the file", what, err)
	}
	store(t, d)
	wantGood(t, d)
}

func store(t *testing.T, d *Dir) {
	t.Helper()
	if err := d.Store(key, data, code); err != nil {
		t.Fatal(err)
	}
}

func TestAnEntryThatWasStoredIsLoaded(t *testing.T) {
	d := open(t)
	if _, _, ok, err := load(t, d, key); ok || err != nil {
		t.Fatalf("of an empty directory: %v, %v", ok, err)
	}
	store(t, d)
	wantGood(t, d)
	first, _ := os.ReadFile(d.file(key))
	store(t, d)
	if second, _ := os.ReadFile(d.file(key)); !bytes.Equal(first, second) {
		t.Fatal("the same code makes different entries")
	}
	if files, _ := os.ReadDir(d.path); len(files) != 1 {
		t.Fatalf("%d files, want the entry alone", len(files))
	}
}

func TestAnEntryOfManyPieces(t *testing.T) {
	d := open(t)
	large := make([]byte, 2*pieceBytes+12345)
	for i := range large {
		large[i] = byte(i*7 ^ i>>14)
	}
	for _, parts := range [][2][]byte{{large, large[5:]}, {nil, large}, {large, nil}, {nil, nil}, {large[:pieceBytes], large[:pieceBytes]}} {
		if err := d.Store(key, parts[0], parts[1]); err != nil {
			t.Fatal(err)
		}
		gotData, gotCode, ok, err := load(t, d, key)
		if !ok || err != nil || !bytes.Equal(gotData, parts[0]) || !bytes.Equal(gotCode, parts[1]) {
			t.Fatalf("%d and %d bytes: got %d, %d, %v, %v", len(parts[0]), len(parts[1]), len(gotData), len(gotCode), ok, err)
		}
	}
	// Pieces that change their places have the same sums.
	if err := d.Store(key, nil, large); err != nil {
		t.Fatal(err)
	}
	all, _ := os.ReadFile(d.file(key))
	body := all[allBytes:]
	swapped := append(append(append(append([]byte{}, all[:allBytes]...), body[pieceBytes:2*pieceBytes]...), body[:pieceBytes]...), body[2*pieceBytes:]...)
	replace(t, d, swapped)
	wantRefused(t, d, "two pieces swapped")
}

func replace(t *testing.T, d *Dir, content []byte) {
	t.Helper()
	if err := os.WriteFile(d.file(key), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTruncatedAtEveryByte(t *testing.T) {
	d := open(t)
	store(t, d)
	good, _ := os.ReadFile(d.file(key))
	for n := range good {
		replace(t, d, good[:n])
		wantRefused(t, d, "truncated")
	}
	replace(t, d, append(bytes.Clone(good), 0))
	wantRefused(t, d, "one byte longer")
}

func TestEveryBitFlipped(t *testing.T) {
	d := open(t)
	store(t, d)
	good, _ := os.ReadFile(d.file(key))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			replace(t, d, bad)
			if _, _, ok, err := load(t, d, key); ok || err == nil {
				t.Fatalf("byte %d, bit %d: got %v, %v, want an error", i, bit, ok, err)
			}
		}
	}
}

// A header that lies about lengths, with a sum that fits it, must not make anybody allocate what is not there.
func TestLengthsThatLie(t *testing.T) {
	d := open(t)
	for _, lengths := range [][2]uint64{{1 << 62, 1 << 62}, {1<<64 - 1, 1}, {maxDataBytes + 1, 0}, {0, maxCodeBytes + 1}, {1, 1}} {
		top := head(key, lengths[0], lengths[1])
		sum, _ := sumOf(top, nil, nil)
		replace(t, d, binary.LittleEndian.AppendUint64(top, sum))
		wantRefused(t, d, "lengths that lie")
	}
}

func TestAnotherModulesEntry(t *testing.T) {
	d := open(t)
	other := Key{9}
	if err := d.Store(other, data, code); err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(d.file(other))
	replace(t, d, content)
	wantRefused(t, d, "foreign")
}

func TestWhatIsNoFile(t *testing.T) {
	d := open(t)
	elsewhere := filepath.Join(t.TempDir(), "good")
	store(t, d)
	if err := os.Rename(d.file(key), elsewhere); err != nil {
		t.Fatal(err)
	}
	for what, create := range map[string]func(string) error{
		"link":           func(path string) error { return os.Symlink(elsewhere, path) },
		"link to itself": func(path string) error { return os.Symlink(path, path) },
		"directory":      func(path string) error { return os.Mkdir(path, 0o700) },
		"pipe":           makePipe,
	} {
		if err := os.RemoveAll(d.file(key)); err != nil {
			t.Fatal(err)
		}
		if err := create(d.file(key)); errors.Is(err, errors.ErrUnsupported) {
			continue
		} else if err != nil {
			t.Fatal(what, err)
		}
		begin := time.Now()
		wantRefused(t, d, what)
		if took := time.Since(begin); took > 5*time.Second {
			t.Fatalf("%s: took %v", what, took)
		}
	}
	if content, _ := os.ReadFile(elsewhere); len(content) == 0 {
		t.Fatal("what the link leads to was changed")
	}
	// Somebody's directory with something in it stays, and so does its content.
	if err := os.Remove(d.file(key)); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(d.file(key), "something")
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Store(key, data, code); err == nil {
		t.Fatal("a directory that is not empty was replaced")
	}
	if _, err := os.Stat(inside); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(d.path, "*"+unfinished)); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestWhatKilledWritersLeftIsSwept(t *testing.T) {
	d := open(t)
	stale := filepath.Join(d.path, "00.123"+unfinished)
	if err := os.WriteFile(stale, data, 0o600); err != nil {
		t.Fatal(err)
	}
	busy, err := d.create(key) // by a writer that is at work
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	store(t, d)
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("what is nobody's stays: %v", err)
	}
	if _, err := os.Stat(busy.Name()); err != nil {
		t.Fatalf("a writer lost its file: %v", err)
	}
}

func TestAClearedDirectoryIsMadeAgainAndNoMore(t *testing.T) {
	d := open(t)
	store(t, d)
	if err := os.RemoveAll(d.path); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := load(t, d, key); ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	store(t, d)
	wantGood(t, d)
	root := filepath.Dir(d.path)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := d.Store(key, data, code); err == nil {
		t.Fatal("stored in a directory that is gone")
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the user's directory was made again: %v", err)
	}
}

func TestOpenRefusesWhatIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, "v"); err == nil || err.Error() != file+" is not dir" {
		t.Fatalf("got %v", err)
	}
	if _, err := Open(filepath.Join(file, "below"), "v"); err == nil {
		t.Fatal("opened a directory below a file")
	}
}

// failing is a disk that is full after some bytes.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

func TestWriteTellsOfAFullDisk(t *testing.T) {
	for _, left := range []int{0, headBytes, allBytes, allBytes + len(data)} {
		if err := write(&failing{left}, key, data, code); err == nil {
			t.Fatalf("with room for %d bytes: no error", left)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	d, err := Open(b.TempDir(), "v")
	if err != nil {
		b.Fatal(err)
	}
	large := make([]byte, 40<<20)
	if err := d.Store(key, nil, large); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(large)))
	for b.Loop() {
		if _, _, ok, err := d.Load(key, func(n int) ([]byte, error) { return make([]byte, n), nil }, func([]byte) {}); !ok {
			b.Fatal(err)
		}
	}
}

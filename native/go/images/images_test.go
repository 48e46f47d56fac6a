package images

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var sample = State{
	Name: "warm", Mounts: []string{"/data", "/tmp"}, Listeners: 1, MemoryBytes: 3 << 20,
	Globals: [][2]uint64{{1, 0}, {1<<64 - 1, 7}}, Tables: [][]uint32{{0, 3, 1 << 31}, nil},
	Waiting: &Waiting{Code: [32]byte{9}, Again: true, Guarded: true, Function: 7, Import: 1, Entry: 300, Exit: 5, ExitSum: [32]byte{8}, Words: []uint64{1 << 63, 0, 5},
		Registers: []uint64{}, Frames: []uint32{3, 1}, Returns: [][2]uint32{{1, 2}}},
	Data: []bool{true, false, true, false, false, false, false, false, true}, Elements: []bool{true},
}

func written(t *testing.T) (path string, memory []byte) {
	t.Helper()
	memory = make([]byte, sample.MemoryBytes)
	memory[5], memory[2<<20] = 1, 2
	path = filepath.Join(t.TempDir(), "image")
	if err := Save(path, &sample, [32]byte{1}, memory); err != nil {
		t.Fatal(err)
	}
	return path, memory
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	path, memory := written(t)
	if err := Save(path, &sample, [32]byte{1}, memory); err != nil {
		t.Fatal("over itself:", err)
	}
	loaded, err := Load(path, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.File.Close()
	got := make([]byte, len(memory))
	err = loaded.Each(func(at uint64, piece []byte) error { copy(got[at:], piece); return nil })
	if err != nil || !bytes.Equal(got, memory) || loaded.Held != 2*4096 || loaded.At%align != 0 {
		t.Errorf("memory: %v, %d held", err, loaded.Held)
	}
	want := sample
	want.Tables = [][]uint32{sample.Tables[0], {}}
	if !reflect.DeepEqual(loaded.State, want) {
		t.Errorf("got %+v", loaded.State)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); left != nil {
		t.Error(left)
	}
	if _, err := Load(path, [32]byte{2}); err == nil {
		t.Error("of other bytes")
	}
}

func TestWhatIsNoFileIsNotReplaced(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{link, folder} {
		if err := Save(path, &sample, [32]byte{1}, make([]byte, sample.MemoryBytes)); err == nil {
			t.Error(path)
		}
	}
	if target, err := os.Readlink(link); err != nil || target != os.DevNull {
		t.Error(target, err)
	}
	long := filepath.Join(folder, strings.Repeat("n", 250))
	if err := Save(long, &sample, [32]byte{1}, make([]byte, sample.MemoryBytes)); err != nil {
		t.Error("a name that the system takes:", err)
	}
}

// Bytes that fit their checksum are not trusted either: what a head says is allocated only where there is room for it.
func FuzzDecode(f *testing.F) {
	f.Add(sample.encode([32]byte{}, []uint32{1, 2, 3})[fixedHead:])
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, head []byte) {
		s, sums, err := decode(head)
		if err != nil {
			return
		}
		s.MemoryBytes = 0
		again, _, err := decode(s.encode([32]byte{}, sums)[fixedHead:])
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%+v and %+v, %v", s, again, err)
		}
	})
}

// claimed is the first bytes of a file, which nobody may read further than its fixed head.
type claimed struct {
	fixed []byte
	t     *testing.T
}

func (c claimed) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > fixedHead {
		c.t.Errorf("%d bytes are read at %d", len(b), at)
	}
	return copy(b, c.fixed[at:]), nil
}

func TestWhatAHeadClaimsIsLookedAtBeforeItIsRead(t *testing.T) {
	for _, length := range []uint32{0, fixedHead - 1, mostHead, mostHead + 1, 1 << 30, 1<<32 - 1} {
		for _, size := range []int64{fixedHead, 1 << 30, 1<<33 + 7} {
			fixed := sample.encode([32]byte{1}, []uint32{1, 2, 3})[:fixedHead]
			binary.LittleEndian.PutUint32(fixed[12:], length)
			if _, _, _, err := readHead(claimed{fixed, t}, size, [32]byte{1}); err != ErrDamaged {
				t.Errorf("%d of %d: %v", length, size, err)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	path, _ := written(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	for at := 0; at < len(whole); at += max(1, at/16) {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x40
		if err := os.WriteFile(other, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(other, [32]byte{1})
		if err != nil {
			continue
		}
		if err := loaded.Each(func(uint64, []byte) error { return nil }); err != ErrDamaged {
			t.Fatalf("byte %d", at)
		}
		loaded.File.Close()
	}
}

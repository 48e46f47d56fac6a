package codecache

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var noRoom = errors.New("no room")

func anyBytes(n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(b)
	return b
}

// sumOfPieces is what Sum says that it is.
func sumOfPieces(b []byte) (sum Key) {
	h := sha256.New()
	for ; len(b) > 0; b = b[min(len(b), pieceBytes):] {
		piece := sha256.Sum256(b[:min(len(b), pieceBytes)])
		h.Write(piece[:])
	}
	h.Sum(sum[:0])
	return sum
}

func TestSumsOfWhatComes(t *testing.T) {
	for _, size := range []int{0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 5*pieceBytes + 7} {
		want, all := anyBytes(size), make([]byte, size)
		if got := Sum(want); got != sumOfPieces(want) {
			t.Fatalf("%d bytes: not the sum of their pieces", size)
		}
		for _, step := range []int{1<<20 + 1, 2 * pieceBytes, 8 * pieceBytes} {
			clear(all)
			s := NewSums(all)
			for at := 0; at < size; at += step { // whoever looked further would not see these bytes
				n := copy(all[at:min(at+step, size)], want[at:])
				s.Come(at + n)
			}
			if got := s.Sum(); got != Sum(want) {
				t.Fatalf("%d bytes in steps of %d have another sum", size, step)
			}
		}
	}
}

func TestReadFile(t *testing.T) {
	room := func(size uint64) ([]byte, error) { return make([]byte, size), nil }
	path := filepath.Join(t.TempDir(), "module.wasm")
	for _, size := range []int{0, 9, 3*pieceBytes + 5} {
		want := anyBytes(size)
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		got, sum, err := ReadFile(path, room)
		if err != nil || !bytes.Equal(got, want) || sum != Sum(want) {
			t.Fatalf("%d bytes: read %d, %v", size, len(got), err)
		}
	}
	if _, _, err := ReadFile(path, func(uint64) ([]byte, error) { return nil, noRoom }); err != noRoom {
		t.Fatalf("without room: %v", err)
	}
	// It has become shorter since its size was asked for.
	if _, _, err := ReadFile(path, func(size uint64) ([]byte, error) { return make([]byte, size), os.Truncate(path, pieceBytes) }); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Fatalf("of a file that was cut: %v", err)
	}
	if _, _, err := ReadFile(path+".none", room); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "module.wasm") {
		t.Fatalf("of none: %v", err)
	}
	if _, _, err := ReadFile(filepath.Dir(path), room); err == nil {
		t.Fatal("a directory was read")
	}
}

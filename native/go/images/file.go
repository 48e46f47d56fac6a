package images

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"

	"wazeronode/shown"
)

// Save writes an image beside path and puts it there when it is whole. memory is what the module's memory held.
func Save(path string, s *State, module [sha256.Size]byte, memory []byte) (err error) {
	var sums []uint32
	for at := 0; at < len(memory); at += pieceSize {
		sums = append(sums, crc32.Checksum(memory[at:min(at+pieceSize, len(memory))], table))
	}
	head := s.encode(module, sums)
	if len(head) > mostHead {
		return fmt.Errorf("the state of the module is too large for a file: %d bytes", len(head))
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a rename would put the file in the place of /dev/null
		return errors.New("there is something that is no file")
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".node-wazero-image.*")
	if err != nil {
		return shown.Reason(err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
			err = shown.Reason(err)
		}
	}()
	if _, err = file.Write(head); err != nil {
		return err
	}
	begin := memoryAt(len(head))
	for at := 0; at < len(memory); at += align { // what is zero stays a hole
		piece := memory[at:min(at+align, len(memory))]
		if isZero(piece) {
			continue
		}
		if _, err = file.WriteAt(piece, begin+int64(at)); err != nil {
			return err
		}
	}
	if err = file.Truncate(begin + int64(len(memory))); err != nil {
		return err
	}
	if err = file.Chmod(0o400); err != nil { // it is mapped: nobody is to write to it
		return err
	}
	if err = file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// Loaded is an image whose head was read and checked. Its file is the caller's to close.
type Loaded struct {
	State State
	File  *os.File
	At    int64  // where the memory begins
	Held  uint64 // bytes of it that are not zero, in whole pages: after Each

	sums []uint32
}

// Load opens an image of the module and checks its head.
func Load(path string, module [sha256.Size]byte) (_ *Loaded, err error) {
	file, err := open(path)
	if err != nil {
		return nil, shown.Reason(err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, shown.Reason(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case !ours(info):
		return nil, errors.New("it belongs to another user")
	}
	s, sums, at, err := readHead(file, info.Size(), module)
	if err != nil {
		return nil, err
	}
	if s.Waiting != nil && !nobodyElseWrites(info) {
		return nil, errors.New("others may write to it, and it has the stack of a call")
	}
	return &Loaded{State: *s, File: file, At: at, sums: sums}, nil
}

// Each calls for each piece of the memory that is not a hole, when it is checked: what do got is what the sums are of, whatever becomes of the file.
// It reads the file once.
func (l *Loaded) Each(do func(at uint64, piece []byte) error) error {
	size := l.State.MemoryBytes
	buffer := make([]byte, min(pieceSize, size))
	l.Held = 0
	for i, sum := range l.sums {
		begin := uint64(i) * pieceSize
		piece := buffer[:min(pieceSize, size-begin)]
		hole := isHole(l.File, l.At+int64(begin), int64(len(piece)))
		if hole {
			if sumOfZeros(len(piece)) != sum {
				return ErrDamaged
			}
			continue
		}
		if _, err := l.File.ReadAt(piece, l.At+int64(begin)); err != nil || crc32.Checksum(piece, table) != sum {
			return ErrDamaged
		}
		const page = 4096
		for from := 0; from < len(piece); from += page {
			if !isZero(piece[from:min(from+page, len(piece))]) {
				l.Held += page
			}
		}
		if err := do(begin, piece); err != nil {
			return err
		}
	}
	return nil
}

var sumOfEmptyPiece = sync.OnceValue(func() uint32 { return crc32.Checksum(make([]byte, pieceSize), table) })

func sumOfZeros(n int) uint32 {
	if n == pieceSize {
		return sumOfEmptyPiece()
	}
	return crc32.Checksum(make([]byte, n), table)
}

// IsFixed: neither this process nor another one without the rights of the system can change or cut the file. Only such a file may be mapped: where a
// page of a mapping is not in the file any more, a read of it ends the process.
func (l *Loaded) IsFixed() bool { return isFixed(l.File) }

var zeros [align]byte

func isZero(b []byte) bool { return len(b) <= len(zeros) && string(b) == string(zeros[:len(b)]) }

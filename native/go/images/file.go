package images

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

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
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
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

// Loaded is an image as it was read and checked. Its file is the caller's to close.
type Loaded struct {
	State State
	File  *os.File
	At    int64  // where the memory begins
	Held  uint64 // bytes of it that are not zero, in whole pages
}

// Load opens an image of the module and checks all of it. It reads no more than once.
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
	loaded := &Loaded{State: *s, File: file, At: at}
	buffer := make([]byte, min(pieceSize, s.MemoryBytes))
	for i, sum := range sums {
		begin := uint64(i) * pieceSize
		piece := buffer[:min(pieceSize, s.MemoryBytes-begin)]
		if isHole(file, at+int64(begin), int64(len(piece))) {
			clear(piece)
		} else if _, err := file.ReadAt(piece, at+int64(begin)); err != nil {
			return nil, ErrDamaged
		}
		if crc32.Checksum(piece, table) != sum {
			return nil, ErrDamaged
		}
		const page = 4096
		for from := 0; from < len(piece); from += page {
			if !isZero(piece[from:min(from+page, len(piece))]) {
				loaded.Held += page
			}
		}
	}
	return loaded, nil
}

var zeros [align]byte

func isZero(b []byte) bool { return len(b) <= len(zeros) && string(b) == string(zeros[:len(b)]) }

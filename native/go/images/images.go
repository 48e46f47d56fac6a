// Package images writes the state of a module at rest to a file, and reads it back: what package main calls an image. A file is data of the
// guest. It holds no code and no address: functions stand in it by their index, and whoever takes a State from here looks whether it fits his module. Only a
// call that waits is more than that, see Waiting.
//
//	head     magic, format, length of the head, its SHA-256, SHA-256 of the module's bytes, where the memory is and how long,
//	         the state, and a CRC-32C of each MiB of the memory
//	zeros    up to the next 64 KiB
//	memory   as it is, with holes where it is zero
//
// The sums find damage. They do not find forgery: a file is as trustworthy as who may write to it.
package images

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"wazeronode/headroom"
)

// State is all of an image but for the memory's contents.
type State struct {
	Name        string // of the module that was frozen
	Mounts      []string
	Listeners   int
	MemoryBytes uint64
	Globals     [][2]uint64 // those that the module defines; of a reference 1 + the index of a function, or 0
	Tables      [][]uint32  // likewise
	Data        []bool      // dropped segments
	Elements    []bool
	Waiting     *Waiting // nil: it was at rest
}

// Waiting is a call that waits, with its stack: of native code, which only the very same code can go on with. It trusts these words: so does who loads it.
type Waiting struct {
	Code      [sha256.Size]byte // of what it is: module, engine, processor
	Again     bool              // the host function is called again
	Guarded   bool              // its code relies on guard pages
	Function  uint32
	Import    uint32
	Entry     uint32
	Exit      uint32
	ExitSum   [sha256.Size]byte
	Words     []uint64
	Registers []uint64
	Frames    []uint32
	Returns   [][2]uint32
}

const (
	magic     = "\x89WZIMG\r\n" // a transfer as text damages it
	format    = 2
	fixedHead = 8 + 4 + 4 + sha256.Size + sha256.Size + 8 + 8
	sumAt     = 16        // of the head's SHA-256, which is over what stands behind it and before it
	mostHead  = 256 << 20 // tables of as many elements as may be by default are 50 MB, a stack 64 MiB
	align     = 64 << 10
	pieceSize = 1 << 20
)

var table = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged: the file is no image, or not as it was written.
var ErrDamaged = errors.New("it is damaged, or no image")

// encode makes the head. sums are those of the memory's pieces.
func (s *State) encode(module [sha256.Size]byte, sums []uint32) []byte {
	head := make([]byte, fixedHead, 4096)
	put := func(n uint64) { head = binary.AppendUvarint(head, n) }
	text := func(t string) { put(uint64(len(t))); head = append(head, t...) }
	flags := func(list []bool) {
		put(uint64(len(list)))
		for i, flag := range list {
			if i%8 == 0 {
				head = append(head, 0)
			}
			if flag {
				head[len(head)-1] |= 1 << (i % 8)
			}
		}
	}
	text(s.Name)
	put(uint64(len(s.Mounts)))
	for _, m := range s.Mounts {
		text(m)
	}
	put(uint64(s.Listeners))
	put(uint64(len(s.Globals)))
	for _, g := range s.Globals {
		put(g[0])
		put(g[1])
	}
	put(uint64(len(s.Tables)))
	for _, t := range s.Tables {
		put(uint64(len(t)))
		for _, ref := range t {
			put(uint64(ref))
		}
	}
	flags(s.Data)
	flags(s.Elements)
	put(s.Waiting.flag())
	if s.Waiting != nil {
		head = s.Waiting.encode(head)
	}
	put(uint64(len(sums)))
	for _, sum := range sums {
		head = binary.LittleEndian.AppendUint32(head, sum)
	}
	copy(head, magic)
	binary.LittleEndian.PutUint32(head[8:], format)
	binary.LittleEndian.PutUint32(head[12:], uint32(len(head)))
	copy(head[sumAt+sha256.Size:], module[:])
	binary.LittleEndian.PutUint64(head[sumAt+2*sha256.Size:], uint64(memoryAt(len(head))))
	binary.LittleEndian.PutUint64(head[sumAt+2*sha256.Size+8:], s.MemoryBytes)
	sum := headSum(head)
	copy(head[sumAt:], sum[:])
	return head
}

func memoryAt(head int) int64 { return int64((head + align - 1) / align * align) }

func headSum(head []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(head[:sumAt])
	h.Write(head[sumAt+sha256.Size:])
	return [sha256.Size]byte(h.Sum(nil))
}

// readHead reads and checks the head. size is that of the file.
func readHead(file io.ReaderAt, size int64, module [sha256.Size]byte) (s *State, sums []uint32, memory int64, err error) {
	fixed := make([]byte, fixedHead)
	if _, err := file.ReadAt(fixed, 0); err != nil || string(fixed[:8]) != magic {
		return nil, nil, 0, ErrDamaged
	}
	if v := binary.LittleEndian.Uint32(fixed[8:]); v != format {
		return nil, nil, 0, fmt.Errorf("its format is %d, and this version reads %d", v, format)
	}
	length := int64(binary.LittleEndian.Uint32(fixed[12:]))
	memory = int64(binary.LittleEndian.Uint64(fixed[sumAt+2*sha256.Size:]))
	bytes := binary.LittleEndian.Uint64(fixed[sumAt+2*sha256.Size+8:])
	// Before anything is read or allocated that the file only claims to have.
	if length < fixedHead || length > mostHead || memory != memoryAt(int(length)) || bytes > 1<<32 || size != memory+int64(bytes) {
		return nil, nil, 0, ErrDamaged
	}
	if !headroom.Allows(3 * uint64(length)) {
		return nil, nil, 0, errors.New("the process has not enough memory left for what it has beside its memory")
	}
	head := make([]byte, length)
	if _, err := file.ReadAt(head, 0); err != nil || headSum(head) != [sha256.Size]byte(head[sumAt:sumAt+sha256.Size]) {
		return nil, nil, 0, ErrDamaged
	}
	if [sha256.Size]byte(head[sumAt+sha256.Size:sumAt+2*sha256.Size]) != module {
		return nil, nil, 0, errors.New("it is of a module of other bytes")
	}
	if s, sums, err = decode(head[fixedHead:]); err != nil {
		return nil, nil, 0, err
	}
	s.MemoryBytes = bytes
	if uint64(len(sums)) != (bytes+pieceSize-1)/pieceSize {
		return nil, nil, 0, ErrDamaged
	}
	zeros := make([]byte, memory-length)
	if _, err := file.ReadAt(zeros, length); err != nil && (err != io.EOF || bytes > 0) {
		return nil, nil, 0, ErrDamaged
	}
	for _, b := range zeros {
		if b != 0 {
			return nil, nil, 0, ErrDamaged
		}
	}
	return s, sums, memory, nil
}

// decode trusts no number: nothing is allocated that the bytes have no room for.
func decode(head []byte) (*State, []uint32, error) {
	s, d := &State{}, decoder{left: head}
	s.Name = d.text()
	for n := d.count(1); n > 0; n-- {
		s.Mounts = append(s.Mounts, d.text())
	}
	s.Listeners = int(d.number(math.MaxInt32))
	for n := d.count(2); n > 0; n-- {
		s.Globals = append(s.Globals, [2]uint64{d.number(math.MaxUint64), d.number(math.MaxUint64)})
	}
	for n := d.count(1); n > 0; n-- {
		refs := make([]uint32, d.count(1))
		for i := range refs {
			refs[i] = uint32(d.number(math.MaxUint32))
		}
		s.Tables = append(s.Tables, refs)
	}
	s.Data, s.Elements = d.flags(), d.flags()
	if d.number(1) == 1 {
		s.Waiting = d.waiting()
	}
	sums := make([]uint32, d.count(4))
	for i := range sums {
		sums[i] = binary.LittleEndian.Uint32(d.take(4))
	}
	if d.failed || len(d.left) > 0 {
		return nil, nil, ErrDamaged
	}
	return s, sums, nil
}

type decoder struct {
	left   []byte
	failed bool
}

func (d *decoder) number(most uint64) uint64 {
	n, size := binary.Uvarint(d.left)
	if size <= 0 || n > most {
		d.fail()
		return 0
	}
	d.left = d.left[size:]
	return n
}

// count is how many follow, each of at least so many bytes.
func (d *decoder) count(least int) int { return int(d.number(uint64(len(d.left) / least))) }

func (d *decoder) take(n int) []byte {
	if n > len(d.left) {
		d.fail()
		return make([]byte, n)
	}
	taken := d.left[:n]
	d.left = d.left[n:]
	return taken
}

func (d *decoder) text() string { return string(d.take(d.count(1))) }

func (d *decoder) flags() (list []bool) {
	n := d.number(8 * uint64(len(d.left)))
	bits := d.take(int((n + 7) / 8))
	for i := range n {
		list = append(list, bits[i/8]&(1<<(i%8)) != 0)
	}
	return list
}

func (d *decoder) fail() { d.failed, d.left = true, nil }

// Bytes is about what it takes.
func (s *State) Bytes() uint64 {
	n := uint64(len(s.Data) + len(s.Elements) + 16*len(s.Globals))
	for _, t := range s.Tables {
		n += 4 * uint64(len(t))
	}
	if w := s.Waiting; w != nil {
		n += 8*uint64(len(w.Words)+len(w.Registers)+len(w.Returns)) + 4*uint64(len(w.Frames))
	}
	return n
}

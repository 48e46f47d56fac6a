package wasmdebug

import (
	"bytes"
	"encoding/binary"
)

// A guest wrote what is read here. Nothing of it is copied or kept but numbers and the few names that are shown, no number in it is
// trusted as an index or a size, and all loops over it spend from one budget.

const (
	mostSteps   = 1_000_000 // for one trace: each takes some ten nanoseconds, all of them about 10 ms
	mostInlined = 8         // calls of one frame that were inlined into each other
)

// budget is what the sources of one trace may cost. It counts and does not look at the clock: what a trace says does not depend on who else
// is busy.
type budget struct{ left int }

func newBudget() *budget { return &budget{mostSteps} }

// step is taken for each thing that is read, and more of them for what takes longer: what is allocated, what is held against each address. Each loop over
// what a guest wrote takes some in each turn, however little it reads. false: no more of it.
func (b *budget) step() bool { return b.steps(1) }

func (b *budget) steps(n int) bool {
	b.left -= n
	return b.left >= 0
}

// section reads one, little-endian as WebAssembly is. Past its end come zeros, and it has failed.
type section struct {
	data   []byte
	at     int
	failed bool
}

// sectionAt is where a number that somebody wrote points to.
func sectionAt(data []byte, at uint64) section {
	if at > uint64(len(data)) {
		return section{failed: true}
	}
	return section{data: data, at: int(at)}
}

func (s *section) more() bool { return !s.failed && s.at < len(s.data) }

func (s *section) take(n uint64) []byte {
	if s.failed || n > uint64(len(s.data)-s.at) {
		s.failed = true
		return nil
	}
	taken := s.data[s.at : s.at+int(n)]
	s.at += int(n)
	return taken
}

// number is of n bytes, at most 8.
func (s *section) number(n int) (v uint64) {
	var bytes [8]byte
	copy(bytes[:], s.take(uint64(n)))
	return binary.LittleEndian.Uint64(bytes[:])
}

func (s *section) byte() (b byte) {
	if s.at < len(s.data) && !s.failed {
		b = s.data[s.at]
		s.at++
		return b
	}
	s.failed = true
	return 0
}

// mostLEB is how long a number is at most: those that linkers fill up have 5 or 10 bytes. One without an end would be read without a step.
const mostLEB = 10

func (s *section) uleb() (v uint64) {
	for i := uint(0); i < mostLEB; i++ {
		b := s.byte()
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v
		}
	}
	s.failed = true
	return 0
}

func (s *section) sleb() (v int64) {
	for i := uint(0); i < mostLEB; i++ {
		b := s.byte()
		v |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if b&0x40 != 0 {
				v |= -1 << (7 * (i + 1)) // none, past 64
			}
			return v
		}
	}
	s.failed = true
	return 0
}

// text ends with a zero, which is not part of it. What is very long is no name.
func (s *section) text(b *budget) []byte {
	const most = 1 << 16
	if s.failed {
		return nil
	}
	rest := s.data[s.at:]
	n := bytes.IndexByte(rest[:min(len(rest), most)], 0)
	if n < 0 || !b.steps(n/64) {
		b.steps(most / 64)
		s.failed = true
		return nil
	}
	s.at += n + 1
	return rest[:n]
}

// length is that of a unit, and how wide its offsets are.
func (s *section) length() (n uint64, width int) {
	if n = s.number(4); n != 0xffffffff {
		return n, 4
	}
	return s.number(8), 8
}

// value is one attribute's.
type value struct {
	form uint64 // 0: it has none
	n    uint64
	text []byte
}

// Forms of DWARF 2 to 5 by what has to be known of them.
const (
	formAddress     = 0x01
	formString      = 0x08
	formStrp        = 0x0e
	formSigned      = 0x0d
	formIndirect    = 0x16
	formFlagPresent = 0x19
	formImplicit    = 0x21
)

// widths of forms that are a number of so many bytes; 0: it is not one.
var widths = [...]uint8{
	0x05: 2, 0x06: 4, 0x07: 8, 0x0b: 1, 0x0c: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x1c: 4, 0x20: 8, 0x24: 8,
	0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2a: 2, 0x2b: 3, 0x2c: 4,
}

func widthOf(form uint64) int {
	if form < uint64(len(widths)) {
		return int(widths[form])
	}
	return 0
}

// encoding is what the sizes of a unit's forms depend on.
type encoding struct{ version, width, addressSize int }

// size is how much an attribute of that form takes; -1 where that is not always the same.
func (e *encoding) size(form uint64) int {
	switch form {
	case formAddress:
		return e.addressSize
	case formStrp, 0x17, 0x1d, 0x1f, 0x1f20, 0x1f21: // offsets
		return e.width
	case formFlagPresent, formImplicit:
		return 0
	case 0x1e:
		return 16
	}
	if width := widthOf(form); width > 0 {
		return width
	}
	return -1
}

// value reads what an attribute of that form has. A form that nobody knows has no size: the section has failed.
func (s *section) value(form uint64, implicit int64, e *encoding, b *budget) value {
	v := value{form: form}
	switch form {
	case formAddress:
		v.n = s.number(e.addressSize)
	case formString:
		v.text = s.text(b)
	case formSigned:
		v.n = uint64(s.sleb())
	case formImplicit:
		v.n = uint64(implicit)
	case formFlagPresent:
		v.n = 1
	case 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23, 0x1f01, 0x1f02: // numbers in LEB128
		v.n = s.uleb()
	case formStrp, 0x17, 0x1d, 0x1f, 0x1f20, 0x1f21: // offsets
		v.n = s.number(e.width)
	case 0x10: // a reference to another unit
		width := e.width
		if e.version <= 2 {
			width = e.addressSize
		}
		v.n = s.number(width)
	case 0x0a: // blocks
		s.take(s.number(1))
	case 0x03:
		s.take(s.number(2))
	case 0x04:
		s.take(s.number(4))
	case 0x09, 0x18:
		s.take(s.uleb())
	case 0x1e:
		s.take(16)
	case formIndirect:
		if form = s.uleb(); form == formIndirect || form == formImplicit {
			s.failed = true
			return v
		}
		return s.value(form, 0, e, b)
	default:
		width := widthOf(form)
		if width == 0 {
			s.failed = true
			return v
		}
		v.n = s.number(width)
	}
	return v
}

package wazevo

import (
	"encoding/binary"
	"fmt"
	"sort"
)

// sourceMap tells where in the module the instructions of the executable come from. It is as large as the executable's text if it is kept in
// words, and read only when there is a trace: so it has differences, in pieces of which an index tells where they begin. It is kept in entries
// of a cache as it is.
type sourceMap struct {
	// index has, for each piece, 32 bits each: offset in the executable and in the module of the first place, and where in places its others are.
	index []byte
	// places are pairs of differences to the place before: in the executable (uvarint), in the module (varint).
	places []byte

	// Of the one that was added last.
	n                  int
	executable, module uint64
}

const (
	sourceMapIndexBytes = 12
	sourceMapPiece      = 64
)

// add adds a place, which is not before the last one in the executable.
func (s *sourceMap) add(executable, module uint64) {
	if executable < s.executable {
		panic(fmt.Sprintf("BUG: source offset of %d behind that of %d", executable, s.executable))
	}
	if s.n%sourceMapPiece == 0 {
		for _, v := range []uint64{executable, module, uint64(len(s.places))} {
			s.index = binary.LittleEndian.AppendUint32(s.index, uint32(v))
		}
	} else {
		s.places = binary.AppendUvarint(s.places, executable-s.executable)
		s.places = binary.AppendVarint(s.places, int64(module-s.module))
	}
	s.n, s.executable, s.module = s.n+1, executable, module
}

func (s *sourceMap) first(piece int) (executable, module uint64, at uint32) {
	b := s.index[piece*sourceMapIndexBytes:]
	return uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:])
}

// find returns the offset in the module of the last place before an offset in the executable; 0 where there is none.
func (s *sourceMap) find(executable uint64) uint64 {
	pieces := len(s.index) / sourceMapIndexBytes
	piece := sort.Search(pieces, func(i int) bool {
		first, _, _ := s.first(i)
		return first >= executable
	}) - 1
	if piece < 0 {
		return 0
	}
	place, module, at := s.first(piece)
	if uint64(at) > uint64(len(s.places)) {
		return 0 // not of our making
	}
	rest := s.places[at:]
	for range sourceMapPiece - 1 {
		forward, n := binary.Uvarint(rest)
		if n <= 0 {
			break
		}
		further, k := binary.Varint(rest[n:])
		if k <= 0 {
			break
		}
		if place += forward; place >= executable {
			break
		}
		module, rest = module+uint64(further), rest[n+k:]
	}
	return module
}

// appendTo appends it to bytes that readSourceMap reads.
func (s *sourceMap) appendTo(b []byte) []byte {
	for _, part := range [][]byte{s.index, s.places} {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(part))), part...)
	}
	return b
}

// readSourceMap returns what appendTo appended, which keeps the bytes, and what follows it.
func readSourceMap(b []byte) (s sourceMap, rest []byte, ok bool) {
	for _, part := range []*[]byte{&s.index, &s.places} {
		if len(b) < 8 {
			return sourceMap{}, nil, false
		}
		n := binary.LittleEndian.Uint64(b)
		if b = b[8:]; n > uint64(len(b)) {
			return sourceMap{}, nil, false
		}
		*part, b = b[:n:n], b[n:]
	}
	return s, b, len(s.index)%sourceMapIndexBytes == 0
}

package wazevo

import (
	"math/rand"
	"sort"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// The map answers as two lists of words do, of which it has a fifth of the size or less; as it is, and as it is read again.
func TestSourceMapIsALookupInTwoLists(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, n := range []int{0, 1, 2, sourceMapPiece - 1, sourceMapPiece, sourceMapPiece + 1, 10_000} {
		var s sourceMap
		var executable, module []uint64
		at, from := uint64(0), uint64(0)
		for range n {
			if at += uint64(r.Intn(60)); r.Intn(100) == 0 {
				at += uint64(r.Intn(100_000))
			}
			if from += uint64(r.Intn(20)); r.Intn(10) == 0 { // what stands behind the function comes from anywhere in it
				from = uint64(r.Intn(1 << 20))
			}
			s.add(at, from)
			executable, module = append(executable, at), append(module, from)
		}
		packed := s.appendTo([]byte("before"))[len("before"):]
		again, rest, ok := readSourceMap(append(packed, "behind"...))
		require.True(t, ok)
		require.Equal(t, "behind", string(rest))
		for _, pc := range append([]uint64{0, 1, at, at + 1, 1 << 40}, executable...) {
			for _, pc := range []uint64{pc, pc + 1} {
				want := uint64(0)
				if i := sort.Search(n, func(i int) bool { return executable[i] >= pc }) - 1; i >= 0 {
					want = module[i]
				}
				require.Equal(t, want, s.find(pc), "%d of %d", pc, n)
				require.Equal(t, want, again.find(pc), "%d of %d", pc, n)
			}
		}
		if n == 10_000 {
			require.True(t, len(packed) < n*16/5, "%d bytes", len(packed))
		}
		for end := range min(len(packed), 200) {
			_, _, ok := readSourceMap(packed[:end])
			require.False(t, ok, "%d of %d bytes", end, len(packed))
		}
	}
}

// Bytes that are none of ours are an answer, and no panic.
func TestSourceMapOfOtherBytes(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 2000 {
		s := sourceMap{index: make([]byte, sourceMapIndexBytes*r.Intn(5)), places: make([]byte, r.Intn(100))}
		for _, part := range [][]byte{s.index, s.places} {
			for i := range part {
				if part[i] = byte(r.Intn(256)); i%4 > 1 {
					part[i] = 0
				}
			}
		}
		for range 20 {
			s.find(uint64(r.Intn(1 << 17)))
		}
	}
}

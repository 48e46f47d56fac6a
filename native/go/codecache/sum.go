package codecache

import (
	"crypto/sha256"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"wazeronode/blocking"
	"wazeronode/shown"
)

// Sum is a digest of bytes that strangers have made: no two modules have the same. It is the SHA-256 of that of each piece, by as many goroutines
// as there are processors.
func Sum(b []byte) Key { return NewSums(b).Sum() }

// Sums is Sum of bytes that come one after another: what has come is summed up while the rest does.
type Sums struct {
	all         []piece
	sums        []Key
	come, begun atomic.Int64 // of the pieces, from the first on
	others      sync.WaitGroup
}

// NewSums is for bytes that are yet to be written. None is looked at before it has come.
func NewSums(b []byte) *Sums {
	all := pieces(b, nil)
	return &Sums{all: all, sums: make([]Key, len(all))}
}

// Come tells that the first n bytes are there. Who tells so calls Sum later, if anybody does.
func (s *Sums) Come(n int) {
	come := int64(n / pieceBytes)
	if come == s.come.Load() {
		return
	}
	s.come.Store(come)
	s.others.Add(1)
	go func() { defer s.others.Done(); s.work() }()
}

// work ends when what has come is done, or others are at it.
func (s *Sums) work() {
	for {
		i := s.begun.Load()
		if i >= s.come.Load() {
			return
		}
		if s.begun.CompareAndSwap(i, i+1) {
			s.sums[i] = sha256.Sum256(s.all[i].bytes)
		}
	}
}

// Sum is that of all, when all have come.
func (s *Sums) Sum() Key {
	s.come.Store(int64(len(s.all)))
	_ = each(min(runtime.GOMAXPROCS(0), len(s.all)), func(int) error { s.work(); return nil })
	s.others.Wait()
	return s.ofAll()
}

func (s *Sums) ofAll() (sum Key) {
	h := sha256.New()
	for i := range s.sums {
		h.Write(s.sums[i][:])
	}
	h.Sum(sum[:0])
	return sum
}

// ReadFile reads a file that somebody has named, whole, and gives the Sum of what it has read: by all processors, each of which sums up what it has just
// read. room gives as many bytes as the file has. The error is a reason.
func ReadFile(path string, room func(size uint64) ([]byte, error)) (b []byte, sum Key, err error) {
	blocking.Cache.Enter(nil)
	defer blocking.Cache.Leave()
	file, err := openFile(path)
	if err != nil {
		return nil, Key{}, shown.Reason(err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, Key{}, shown.Reason(err)
	case !info.Mode().IsRegular():
		return nil, Key{}, errors.New("it is no file")
	}
	if b, err = room(uint64(info.Size())); err != nil {
		return nil, Key{}, err
	}
	s := NewSums(b)
	err = each(len(s.all), func(i int) error {
		p := s.all[i]
		if _, err := file.ReadAt(p.bytes, p.at); err != nil {
			return shown.Reason(shorter(err))
		}
		s.sums[i] = sha256.Sum256(p.bytes)
		return nil
	})
	return b, s.ofAll(), err
}

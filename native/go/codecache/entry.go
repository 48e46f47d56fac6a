// Package codecache keeps machine code in files. A file is taken for nothing but a copy that may have been damaged: every byte of it
// is checked before one of it is used. Against somebody who writes to the directory on purpose there is no protection.
//
// An entry is
//
//	magic    8 bytes, the last one is the version of this format
//	key     32 bytes, all that the code depends on: also the name of the file, in hexadecimal
//	lengths  8 bytes each, little endian: of the data and of the code, which follow the header and end the file
//	sum      8 bytes, little endian: the XXH64 of all of the above and of the XXH64 of each piece of the data and of the code
//
// so there is no byte that is not checked, and pieces are read and checked at once by as many goroutines as there are processors. Who could
// write a wrong entry with a sum that fits could as well do so with any digest: it is to find damage.
package codecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"wazeronode/blocking"
)

// Key names an entry.
type Key = [sha256.Size]byte

const (
	magic      = "nwzcode\x02"
	headBytes  = len(magic) + sha256.Size + 8 + 8
	sumAt      = headBytes
	allBytes   = headBytes + 8
	pieceBytes = 2 << 20 // a huge page: two goroutines on one would both make it
	// What a damaged header asks for must not be more than there can be: data comes from Go's heap, and running out of that ends the
	// process.
	maxDataBytes = 1 << 30
	maxCodeBytes = 1 << 32
)

// damaged says what is wrong with an entry.
type damaged string

func (d damaged) Error() string { return string(d) }

func head(key Key, data, code uint64) []byte {
	b := append([]byte(magic), key[:]...)
	b = binary.LittleEndian.AppendUint64(b, data)
	return binary.LittleEndian.AppendUint64(b, code)
}

// write writes an entry.
func write(w io.Writer, key Key, data, code []byte) error {
	top := head(key, uint64(len(data)), uint64(len(code)))
	sum, _ := sumOf(top, pieces(data, code), func(piece) error { return nil })
	for _, part := range [][]byte{top, binary.LittleEndian.AppendUint64(nil, sum), data, code} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// read reads and checks an entry of a file of size bytes. code is what alloc has given, which may be longer, and becomes executable only
// when this has returned. It stays the caller's when read fails.
func read(r io.ReaderAt, size int64, key Key, alloc func(size int) ([]byte, error)) (data, code []byte, err error) {
	var header [allBytes]byte
	if size < int64(len(header)) {
		return nil, nil, damaged(fmt.Sprintf("it has %d bytes, fewer than a header", size))
	}
	if _, err := r.ReadAt(header[:], 0); err != nil {
		return nil, nil, shorter(err)
	}
	dataSize := binary.LittleEndian.Uint64(header[headBytes-16:])
	codeSize := binary.LittleEndian.Uint64(header[headBytes-8:])
	switch {
	case string(header[:len(magic)]) != magic:
		return nil, nil, damaged("it does not begin as an entry does")
	case !bytes.Equal(header[len(magic):len(magic)+sha256.Size], key[:]):
		return nil, nil, damaged("it is another module's, or of another version or machine")
	case dataSize > maxDataBytes || codeSize > maxCodeBytes || dataSize+codeSize != uint64(size-int64(allBytes)):
		return nil, nil, damaged(fmt.Sprintf("it has %d bytes, which is not what its header says", size))
	}
	data = make([]byte, dataSize)
	if codeSize > 0 {
		if code, err = alloc(int(codeSize)); err != nil {
			return nil, nil, err
		}
	}
	sum, err := sumOf(header[:headBytes], pieces(data, code[:codeSize]), func(p piece) error {
		_, err := r.ReadAt(p.bytes, int64(allBytes)+p.at)
		return shorter(err)
	})
	if err == nil && sum != binary.LittleEndian.Uint64(header[sumAt:]) {
		err = damaged("its checksum is wrong")
	}
	return data, code, err
}

// shorter: the end of the file where its size promised more is damage, not a failure to read.
func shorter(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return damaged("it became shorter while it was read")
	}
	return err
}

type piece struct {
	at    int64 // behind the header
	bytes []byte
}

func pieces(data, code []byte) (all []piece) {
	at := int64(0)
	for _, part := range [][]byte{data, code} {
		for len(part) > 0 {
			n := min(len(part), pieceBytes)
			all = append(all, piece{at, part[:n]})
			part, at = part[n:], at+int64(n)
		}
	}
	return all
}

// sumOf has each piece filled, then sums it up.
func sumOf(top []byte, all []piece, fill func(piece) error) (uint64, error) {
	sums := make([]byte, 8*len(all))
	err := each(len(all), func(i int) error {
		if err := fill(all[i]); err != nil {
			return err
		}
		binary.LittleEndian.PutUint64(sums[8*i:], xxhash.Sum64(all[i].bytes))
		return nil
	})
	if err != nil {
		return 0, err
	}
	h := xxhash.New()
	_, _ = h.Write(top)
	_, _ = h.Write(sums)
	return h.Sum64(), nil
}

// each does something for each of n, by as many goroutines as there are processors and the process may have of these. It ends with the first error.
func each(n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n || failed.Load() != nil {
				return
			}
			if err := do(i); err != nil {
				failed.CompareAndSwap(nil, &err)
				return
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) - 1 {
		if !blocking.Cache.TryEnter() {
			break
		}
		others.Add(1)
		go func() { defer others.Done(); defer blocking.Cache.Leave(); work() }()
	}
	work()
	others.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

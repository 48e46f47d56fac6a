package binary

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/tetratelabs/wazero/internal/leb128"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Trusted is what a host promises of the bytes.
type Trusted struct {
	Verified bool // they are valid, and the code is there: function bodies are not decoded
	Kept     bool // they do not change as long as the module is there, and stay: it has slices of them
}

// trustedOf: kept is nil where they are not.
func trustedOf(binary []byte, trusted []Trusted) (verified bool, kept []byte) {
	if len(trusted) == 0 {
		return false, nil
	}
	if trusted[0].Kept {
		kept = binary
	}
	return trusted[0].Verified, kept
}

// keptBytes are the next n, of which r has all from the beginning.
func keptBytes(r *bytes.Reader, n uint64, kept []byte) ([]byte, error) {
	if n > uint64(r.Len()) {
		return nil, io.ErrUnexpectedEOF
	}
	at := uint64(len(kept) - r.Len())
	_, err := r.Seek(int64(n), io.SeekCurrent)
	return kept[at : at+n : at+n], err
}

// keptCustomSection stands for decodeCustomSection.
func keptCustomSection(r *bytes.Reader, name string, limit uint64, kept []byte) (*wasm.CustomSection, error) {
	data, err := keptBytes(r, limit, kept)
	return &wasm.CustomSection{Name: name, Data: data}, err
}

// countCodeSection stands for decodeCodeSection where the code is there already: nobody reads a body then.
func countCodeSection(r *bytes.Reader, sectionSize uint32) ([]wasm.Code, error) {
	n, countSize, err := leb128.DecodeUint32(r)
	if err != nil {
		return nil, fmt.Errorf("get size of vector: %w", err)
	}
	rest := uint64(sectionSize) - countSize
	if countSize > uint64(sectionSize) || rest > uint64(r.Len()) || uint64(n) > rest {
		return nil, errors.New("malformed code section")
	}
	_, err = r.Seek(int64(rest), io.SeekCurrent)
	return make([]wasm.Code, n), err
}

package binary

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/internal/leb128"
	"github.com/tetratelabs/wazero/internal/wasm"
)

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
	_, err = r.Seek(int64(rest), 1)
	return make([]wasm.Code, n), err
}

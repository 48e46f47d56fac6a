package stdio

import (
	"sync"

	"wazeronode/errno"
)

// Buffer is the OutputBuffer of the contract: bytes kept up to a maximum, past which the guest gets ENOSPC.
type Buffer struct {
	mu  sync.Mutex
	max uint64
	buf []byte
}

// NewBuffer is one of so many bytes at most.
func NewBuffer(most uint64) *Buffer { return &Buffer{max: most} }

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if uint64(len(p)) > b.max-uint64(len(b.buf)) {
		return 0, errno.NoSpace
	}
	b.buf = append(b.buf, p...)
	return len(p), nil
}

// Size is how many bytes it holds.
func (b *Buffer) Size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.buf)
}

// Bytes is a copy of what it holds.
func (b *Buffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]byte(nil), b.buf...)
}

// Reset forgets what it holds.
func (b *Buffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf = nil
}

//go:build linux

package wasm

import (
	"syscall"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

// Reads of the last bytes of the largest memory.
func TestMemoryEnd(t *testing.T) {
	const size = 1 << 32
	buffer, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		t.Skip(err)
	}
	defer syscall.Munmap(buffer)
	m := &MemoryInstance{Buffer: buffer}
	require.True(t, m.WriteUint64Le(size-8, 0x0807060504030201))
	v16, ok := m.ReadUint16Le(size - 2)
	require.True(t, ok)
	require.Equal(t, uint16(0x0807), v16)
	v32, ok := m.ReadUint32Le(size - 4)
	require.True(t, ok)
	require.Equal(t, uint32(0x08070605), v32)
	v64, ok := m.ReadUint64Le(size - 8)
	require.True(t, ok)
	require.Equal(t, uint64(0x0807060504030201), v64)
	b, ok := m.Read(size-3, 3)
	require.True(t, ok)
	require.Equal(t, []byte{6, 7, 8}, b)
	_, ok = m.Read(size-3, 4)
	require.False(t, ok)
}

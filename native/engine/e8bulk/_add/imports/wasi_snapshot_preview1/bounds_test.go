package wasi_snapshot_preview1

import (
	"testing"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

func TestBounds(t *testing.T) {
	mem := &wasm.MemoryInstance{Buffer: make([]byte, maxTransfer+1<<20)}
	// two buffers of all of memory, and none
	list := []uint32{0, uint32(len(mem.Buffer)), 0, uint32(len(mem.Buffer)), 0, 0}
	for i, v := range list {
		mem.WriteUint32Le(uint32(i*4), v)
	}
	moved := 0
	move := func(buf []byte) (int, experimentalsys.Errno) { moved += len(buf); return len(buf), 0 }
	for _, transfer := range []func() (uint32, experimentalsys.Errno){
		func() (uint32, experimentalsys.Errno) { return readv(mem, 0, 3, move) },
		func() (uint32, experimentalsys.Errno) { return writev(mem, 0, 3, move) },
	} {
		moved = 0
		n, errno := transfer()
		require.Equal(t, experimentalsys.Errno(0), errno)
		require.Equal(t, uint32(maxTransfer), n)
		require.Equal(t, maxTransfer, moved)
	}
	_, errno := readv(mem, 0, maxBuffers+1, move)
	require.Equal(t, experimentalsys.EINVAL, errno)
	_, errno = writev(mem, 0, maxBuffers+1, move)
	require.Equal(t, experimentalsys.EINVAL, errno)
	_, _, errno = atPath(nil, mem, 3, 0, maxPath+1)
	require.Equal(t, experimentalsys.ENAMETOOLONG, errno)
	require.Equal(t, experimentalsys.EINVAL, pollReady(nil, nil, mem, []uint64{0, 0, maxSubscriptions + 1, 0}))
}

//go:build linux

package adhoc

import (
	"context"
	"encoding/hex"
	"syscall"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// reserved is a memory that takes up no more than what is touched.
type reserved []byte

func (r reserved) Reallocate(size uint64) []byte { return r[:size] }
func (r reserved) Free()                         { _ = syscall.Munmap(r) }

// A module's own memory of 65536 pages: memory.size, and its last byte.
func TestWholeMemory(t *testing.T) {
	ctx := experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(func(_, max uint64) experimental.LinearMemory {
		buffer, err := syscall.Mmap(-1, 0, int(max), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
		if err != nil {
			t.Skip(err)
		}
		return reserved(buffer)
	}))
	// (memory 65536 65536) (func (export "size") (memory.size)) (func (export "last") (i32.store8 (i32.const -1) (i32.const 42)) (i64.load (i32.const -8)))
	binary, err := hex.DecodeString("0061736d01000000" + "0109026000017f6000017e" + "0303020001" + "05080101808004808004" +
		"070f020473697a650000046c6173740001" + "0a1502" + "04003f000b" + "0e00417f412a3a000041782900000b")
	require.NoError(t, err)
	for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfig(), wazero.NewRuntimeConfigInterpreter()} {
		r := wazero.NewRuntimeWithConfig(ctx, config)
		m, err := r.Instantiate(ctx, binary)
		require.NoError(t, err)
		size, err := m.ExportedFunction("size").Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(65536), size[0])
		last, err := m.ExportedFunction("last").Call(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(42)<<56, last[0])
		require.NoError(t, r.Close(ctx))
	}
}

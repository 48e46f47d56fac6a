package wasm

import (
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/require"
)

func TestMemoryForgetsWaiters(t *testing.T) {
	m := &MemoryInstance{}
	addresses := func() (n int) {
		m.waiters.Range(func(any, any) bool { n++; return true })
		return
	}
	zero := func(*MemoryInstance, uint32) uint32 { return 0 }
	for offset := range uint32(1000) {
		require.Equal(t, uint64(2), m.Wait32(offset*4, 0, 0, zero))
		require.Equal(t, uint64(1), m.Wait32(offset*4, 1, 0, zero))
	}
	require.Zero(t, addresses())

	woken := make(chan uint64)
	go func() { woken <- m.Wait32(8, 0, -1, zero) }()
	for m.Notify(8, 1) == 0 {
	}
	require.Equal(t, uint64(0), <-woken)
	require.Zero(t, addresses())
}

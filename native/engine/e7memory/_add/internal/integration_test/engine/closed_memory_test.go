package adhoc

import (
	"context"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

type countedMemory struct {
	bytes []byte
	freed int
}

func (m *countedMemory) Reallocate(size uint64) []byte { return m.bytes[:size] }
func (m *countedMemory) Free()                         { m.freed++ }

// A memory is freed when its owner closes, not when an importer does.
func TestClosedImporterKeepsMemory(t *testing.T) {
	for _, config := range []wazero.RuntimeConfig{wazero.NewRuntimeConfigInterpreter(), wazero.NewRuntimeConfig()} {
		var memories []*countedMemory
		ctx := experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(func(_, max uint64) experimental.LinearMemory {
			memories = append(memories, &countedMemory{bytes: make([]byte, max)})
			return memories[len(memories)-1]
		}))
		r := wazero.NewRuntimeWithConfig(ctx, config)
		limits := []byte{1, 1, 2}
		owner, err := r.InstantiateWithConfig(ctx, rawwasm.Module(rawwasm.Section(rawwasm.Memories, limits),
			rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("memory", byte(2), 0))), wazero.NewModuleConfig().WithName("owner"))
		require.NoError(t, err)
		importer := rawwasm.Module(rawwasm.Section(rawwasm.Imports, rawwasm.Bytes("owner", "memory", byte(2), limits)))
		for range 2 {
			m, err := r.InstantiateWithConfig(ctx, importer, wazero.NewModuleConfig())
			require.NoError(t, err)
			require.Equal(t, owner.Memory(), m.Memory())
			require.NoError(t, m.Close(ctx))
			require.Equal(t, 1, len(memories))
			require.Zero(t, memories[0].freed)
		}
		require.True(t, owner.Memory().WriteByte(131071-65536, 1))
		require.NoError(t, owner.Close(ctx))
		require.Equal(t, 1, memories[0].freed)
		require.NoError(t, r.Close(ctx))
		require.Equal(t, 1, memories[0].freed)
	}
	require.True(t, platform.CompilerSupported()) // else this has tested one engine twice
}

func TestMemoryNil(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	m, err := r.Instantiate(ctx, rawwasm.Module())
	require.NoError(t, err)
	if memory := m.Memory(); memory != nil {
		t.Errorf("expected nil but received %T", memory)
	}
}

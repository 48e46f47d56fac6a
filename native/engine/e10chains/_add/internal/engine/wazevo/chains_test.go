package wazevo_test

import (
	"bytes"
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/leb128"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

// One function of many blocks behind one another: each took 5 to 60 s of CPU time, idle.
func TestChainsOfBlocks(t *testing.T) {
	get := []byte{0x20, 0}
	for name, code := range map[string][]byte{
		"ifs that return":       bytes.Repeat(slices.Concat(get, []byte{4, 0x40, 0x41, 5, 0x0f, 0x0b}), 20_000),
		"ifs that trap":         bytes.Repeat(slices.Concat(get, []byte{4, 0x40, 0, 0x0b}), 20_000),
		"ifs in one another":    slices.Concat(bytes.Repeat(slices.Concat(get, []byte{4, 0x40}), 20_000), bytes.Repeat([]byte{0x0b}, 20_000)),
		"ifs that set a local":  bytes.Repeat(slices.Concat(get, []byte{4, 0x40, 0x20, 1, 0x41, 1, 0x6a, 0x21, 1, 0x0b}), 20_000),
		"ends of one loop":      slices.Concat([]byte{3, 0x40}, bytes.Repeat(slices.Concat(get, []byte{0x0d, 0}), 20_000), []byte{0x0b}),
		"ways out of one block": slices.Concat([]byte{2, 0x40}, bytes.Repeat(slices.Concat(get, []byte{0x0d, 0}), 20_000), []byte{0x0b}),
		"loops":                 bytes.Repeat(slices.Concat([]byte{3, 0x40}, get, []byte{0x0d, 0, 0x0b}), 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			body := slices.Concat([]byte{1, 4, 0x7f}, code, []byte{0x41, 7, 0x0b})
			size := leb128.EncodeUint32(uint32(len(body)))
			codes := slices.Concat([]byte{1}, size, body)
			module := slices.Concat([]byte("\x00asm\x01\x00\x00\x00\x01\x06\x01\x60\x01\x7f\x01\x7f\x03\x02\x01\x00\x07\x05\x01\x01f\x00\x00\x0a"),
				leb128.EncodeUint32(uint32(len(codes))), codes)
			ctx := context.Background()
			r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
			defer r.Close(ctx)
			before := userTime(t)
			compiled, err := r.CompileModule(ctx, module)
			require.NoError(t, err)
			took := userTime(t) - before
			t.Log(took)
			require.True(t, took < 4*time.Second, took.String())
			instance, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
			require.NoError(t, err)
			result, err := instance.ExportedFunction("f").Call(ctx, 0)
			require.NoError(t, err)
			require.Equal(t, []uint64{7}, result)
		})
	}
}

func userTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano())
}

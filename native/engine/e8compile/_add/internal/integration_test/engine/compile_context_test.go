package adhoc

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

func TestCompilationsLookAtTheirContext(t *testing.T) {
	// (module (func))
	module := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b")
	cause := errors.New("nobody waits for it")
	for name, config := range map[string]wazero.RuntimeConfig{
		"compiler": wazero.NewRuntimeConfigCompiler(), "interpreter": wazero.NewRuntimeConfigInterpreter(),
	} {
		t.Run(name, func(t *testing.T) {
			runtime := wazero.NewRuntimeWithConfig(context.Background(), config)
			defer runtime.Close(context.Background())
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(cause)
			_, err := runtime.CompileModule(ctx, module)
			require.ErrorIs(t, err, cause)
			_, err = runtime.CompileModule(context.Background(), module)
			require.NoError(t, err)
		})
	}
}

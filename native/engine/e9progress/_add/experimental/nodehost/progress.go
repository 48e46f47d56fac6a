package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// Progress counts the functions of one compilation. Any goroutine may read it meanwhile.
type Progress = wazevoapi.Progress

// WithProgress makes CompileModule count in p: the compiler does, the interpreter does not.
func WithProgress(ctx context.Context, p *Progress) context.Context {
	return context.WithValue(ctx, wazevoapi.ProgressKey{}, p)
}

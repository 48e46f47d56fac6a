package wazevo

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/frontend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// compileLocalWasmFunction compiles a function unless nobody waits for it any more. It may run on a goroutine where no
// caller can recover, so a panic becomes an error here; the compilers it was given must not be used again then.
func (e *engine) compileLocalWasmFunction(ctx context.Context, module *wasm.Module, localFunctionIndex wasm.Index,
	fe *frontend.Compiler, ssaBuilder ssa.Builder, be backend.Compiler, needListener bool,
) (body []byte, rels []backend.RelocationInfo, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, nil, err
	}
	defer func() {
		if r := recover(); r == nil {
			return
		} else if err = context.Cause(ctx); err == nil { // else it was stopped, and how it unwound is nobody's mistake
			err = &compilePanic{r, debug.Stack()}
		}
	}()
	return e.compileFunction(ctx, module, localFunctionIndex, fe, ssaBuilder, be, needListener)
}

// compilePanic is what a panic becomes. Its stack has paths and addresses: it is for the log of who runs the process, and in no message.
type compilePanic struct {
	value any
	stack []byte
}

func (p *compilePanic) Error() string   { return fmt.Sprintf("panic: %v", p.value) }
func (p *compilePanic) GoStack() []byte { return p.stack }

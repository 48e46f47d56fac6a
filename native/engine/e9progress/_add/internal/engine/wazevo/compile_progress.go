package wazevo

import (
	"context"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/frontend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// compileLocalWasmFunction counts the function when it is compiled.
func (e *engine) compileLocalWasmFunction(ctx context.Context, module *wasm.Module, localFunctionIndex wasm.Index,
	fe *frontend.Compiler, ssaBuilder ssa.Builder, be backend.Compiler, needListener bool,
) (body []byte, rels []backend.RelocationInfo, err error) {
	body, rels, err = e.compileStoppable(ctx, module, localFunctionIndex, fe, ssaBuilder, be, needListener)
	if p, ok := ctx.Value(wazevoapi.ProgressKey{}).(*wazevoapi.Progress); ok && err == nil {
		p.Compiled(len(module.CodeSection))
	}
	return body, rels, err
}

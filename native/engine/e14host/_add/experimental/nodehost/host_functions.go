package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// WithHostFunctions has a host module be instantiated with these functions in the place of those that it was compiled with: each is of the
// same types, and an api.GoModuleFunction where that was one.
func WithHostFunctions(ctx context.Context, functions []any) context.Context {
	return nodehost.WithHostFunctions(ctx, functions)
}

// HostFunctionsOf returns those that a wazero.CompiledModule was compiled with, by index; nil where it is no host module.
func HostFunctionsOf(compiled any) []any {
	if c, ok := compiled.(interface{ HostFunctions() []any }); ok {
		return c.HostFunctions()
	}
	return nil
}

// HostInstance makes an instance of a compiled host module for externs, with functions of its own: nobody finds it by name, and there is nothing
// of it to close. Both are of wazero.
func HostInstance(runtime, compiled any, functions []any) (api.Module, error) {
	return runtime.(interface {
		HostInstance(compiled any, functions []any) (api.Module, error)
	}).HostInstance(compiled, functions)
}

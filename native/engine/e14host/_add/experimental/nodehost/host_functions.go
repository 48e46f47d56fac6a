package nodehost

import (
	"context"

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

package nodehost

import "context"

type hostFunctionsKey struct{}

// WithHostFunctions has a host module be instantiated with these functions in the place of those that it was compiled with: each is of the
// same types, and an api.GoModuleFunction where that was one.
func WithHostFunctions(ctx context.Context, functions []any) context.Context {
	return context.WithValue(ctx, hostFunctionsKey{}, functions)
}

// HostFunctionsOf returns them, or nil.
func HostFunctionsOf(ctx context.Context) []any {
	functions, _ := ctx.Value(hostFunctionsKey{}).([]any)
	return functions
}

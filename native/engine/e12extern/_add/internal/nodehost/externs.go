package nodehost

import "context"

// Extern is what one import is, whatever its name: an export of an instance.
type Extern struct {
	// Module is a *wasm.ModuleInstance, which this package does not know.
	Module any
	// Name is that of the export.
	Name string
	// Function is the index of a function of a host module, where IsHost is set; of one of the instance's functions, or 0 for its memory, exported or
	// not, where ByIndex is.
	Function        uint32
	IsHost, ByIndex bool
}

type externsKey struct{}

// WithExterns has a module be instantiated with these, one for each of its imports, in the place of what their names mean.
func WithExterns(ctx context.Context, externs []Extern) context.Context {
	return context.WithValue(ctx, externsKey{}, externs)
}

// ExternsOf returns them, or nil.
func ExternsOf(ctx context.Context) []Extern {
	externs, _ := ctx.Value(externsKey{}).([]Extern)
	return externs
}

package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// HeldReferences passes every externref that an instance holds, at rest; false where that is not all.
func HeldReferences(m api.Module, look func(word uint64)) bool {
	instance, ok := m.(*wasm.ModuleInstance)
	return ok && instance.HeldReferences(look)
}

// Extern is what one import is, whatever its name: an export of an instance, or a function of a host module.
type Extern = nodehost.Extern

// WithExterns has a module be instantiated with these, one for each of its imports, in the place of what their names mean.
func WithExterns(ctx context.Context, externs []Extern) context.Context {
	return nodehost.WithExterns(ctx, externs)
}

// BeginGlobal gives a global the value that it begins with, also where it is immutable: before anybody has read it. Constant expressions of who imports it
// read what the instance began with, wherever the engine keeps what it has now.
func BeginGlobal(g api.Global, lo, hi uint64) {
	if instance := wasm.GlobalInstanceOf(g); instance != nil {
		instance.Val, instance.ValHi = lo, hi
		instance.SetValue(lo, hi)
	}
}

// Exceptions is what the context of a call has at ExceptionsKey.
type Exceptions = nodehost.Exceptions

// ExceptionsKey is the key of Exceptions in a context.
type ExceptionsKey = nodehost.ExceptionsKey

// AddThrowing counts exceptions that TakeThrown will give.
func AddThrowing(n int64) { nodehost.Throwing.Add(n) }

// ExportedTag gives the identity of a tag that an instance exports, and the types of its values; nil where there is none of that name.
func ExportedTag(m api.Module, name string) (tag any, types []api.ValueType) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok {
		return nil, nil
	}
	e := instance.Exports[name]
	if e == nil || e.Type != wasm.ExternTypeTag {
		return nil, nil
	}
	t := instance.Tags[e.Index]
	return t, valueTypes(t)
}

// NewException makes an exception of a tag of ExportedTag or ExceptionOf, which has one word for each value.
func NewException(tag any, words []uint64) any {
	return &wasm.Exception{Tag: tag.(*wasm.TagInstance), Params: append([]uint64(nil), words...)}
}

// ExceptionOf is what an exception that Exceptions was told of holds.
func ExceptionOf(exception any) (tag any, types []api.ValueType, words []uint64) {
	e := exception.(*wasm.Exception)
	return e.Tag, valueTypes(e.Tag), e.Params
}

func valueTypes(t *wasm.TagInstance) []api.ValueType {
	types := make([]api.ValueType, len(t.Type.Params))
	for i, param := range t.Type.Params {
		types[i] = api.ValueType(param.Kind())
	}
	return types
}

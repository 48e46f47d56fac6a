// Package nodehost is what a host in another language's runtime needs and wazero does not offer: a guest that can be
// interrupted and goes on, and the function that a reference refers to.
package nodehost

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Control interrupts running guests.
type Control = nodehost.Control

// NewControl makes a Control; see there for what tick and wait may do.
func NewControl(tick func() error, wait func(until func(stop <-chan struct{}))) *Control {
	return nodehost.NewControl(tick, wait)
}

// WithControl makes calls and instantiations with the returned context interruptible by c.
func WithControl(ctx context.Context, c *Control) context.Context {
	return nodehost.WithControl(ctx, c)
}

// FunctionOwnerOf returns the instance that the function of a funcref belongs to, and its index there; false for the null reference, and for
// functions of host modules and of closed instances.
func FunctionOwnerOf(m api.Module, reference uint64) (api.Module, uint32, bool) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok || reference == 0 || reference%8 != 0 {
		return nil, 0, false
	}
	engine, ok := instance.Engine.(interface {
		FunctionOwnerOf(wasm.Reference) (*wasm.ModuleInstance, wasm.Index, bool)
	})
	if !ok {
		return nil, 0, false
	}
	owner, index, ok := engine.FunctionOwnerOf(wasm.Reference(reference))
	if !ok || index >= uint32(len(owner.Source.FunctionSection))+owner.Source.ImportFunctionCount {
		return nil, 0, false
	}
	return owner, index, true
}

// FunctionAt is an instance's function, exported or not.
func FunctionAt(m api.Module, index uint32) api.Function {
	return m.(*wasm.ModuleInstance).Engine.NewFunction(index)
}

// FunctionDefinitionOf returns the definition of the function that a funcref refers to, false for the null reference.
//
// The caller guarantees that the reference came out of a guest of m's link group as a value of type funcref (result,
// parameter of a host function, global), and that every module of the group is still held: a reference is an address,
// and one that was made up is read all the same.
func FunctionDefinitionOf(m api.Module, reference uint64) (api.FunctionDefinition, bool) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok || reference == 0 || reference%8 != 0 {
		return nil, false
	}
	engine, ok := instance.Engine.(interface {
		FunctionDefinitionOf(wasm.Reference) (api.FunctionDefinition, bool)
	})
	if !ok {
		return nil, false
	}
	return engine.FunctionDefinitionOf(wasm.Reference(reference))
}

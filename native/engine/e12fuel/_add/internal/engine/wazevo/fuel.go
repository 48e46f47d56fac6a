package wazevo

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
)

// counting is the part of a callEngine that has its call count in execCtx.fuel. Whose fuel it is, Control says.
type counting struct {
	fuelBefore *int64
}

// beginFuel is for a call whose control is known. One that was entered without Go has been counting already, and is attached.
func (c *callEngine) beginFuel() {
	if c.control != nil && c.control.Fuel != nil {
		c.fuelBefore = c.control.Fuel.Enter(&c.execCtx.fuel)
	}
}

func (c *callEngine) endFuel() {
	if c.control != nil && c.control.Fuel != nil {
		c.control.Fuel.Leave(&c.execCtx.fuel, c.fuelBefore)
		c.fuelBefore = nil
	}
}

// FuelWord implements nodehost.Direct: nil where the function's module does not count.
func (c *callEngine) FuelWord() *int64 {
	if !c.parent.module.Source.Fuel {
		return nil
	}
	return &c.execCtx.fuel
}

// The compiler knows the offset as a number.
var _ = [1]struct{}{}[unsafe.Offsetof(executionContext{}.fuel)-uintptr(wazevoapi.ExecutionContextOffsetFuel)]

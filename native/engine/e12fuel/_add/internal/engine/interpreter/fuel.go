package interpreter

import (
	"github.com/tetratelabs/wazero/internal/fuel"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// metered is the part of a compiler that has functions count what they execute, in modules that want it
// (wasm.Module.Fuel). Region for region it is as in the compiler: package fuel decides.
type metered struct {
	meter   fuel.Meter
	charges []int // of each region: where its operation is
}

const noCharge = -1

func (c *compiler) beginFuel() {
	if c.module.Fuel {
		c.meter.Begin()
		c.charges = append(c.charges[:0], c.emitFuelCharge())
	}
}

func (c *compiler) handleCounted() error {
	if !c.module.Fuel {
		return c.handleInstruction()
	}
	begins := c.meter.Step(c.body, c.pc)
	if shift, ok := fuel.Bulk(c.body, c.pc); ok {
		c.currentOpPC = c.pc
		c.emit(unionOperation{Kind: operationKindFuelLength, U1: uint64(shift)})
	}
	if err := c.handleInstruction(); err != nil {
		return err
	}
	if begins != fuel.None {
		c.charges = append(c.charges, c.emitFuelCharge())
	}
	return nil
}

func (c *compiler) endFuel() {
	if c.module.Fuel {
		for region, cost := range c.meter.Costs() {
			if at := c.charges[region]; at != noCharge {
				c.result.Operations[at].U1 = uint64(cost)
			}
		}
	}
}

func (c *compiler) emitFuelCharge() int {
	if c.unreachableState.on {
		return noCharge
	}
	c.emit(unionOperation{Kind: operationKindFuelCharge})
	return len(c.result.Operations) - 1
}

// counting is the part of a callEngine that counts. Whose fuel it is, Control says.
type counting struct {
	fuel       int64
	fuelOf     *nodehost.Fuel
	fuelBefore *int64
}

func (ce *callEngine) beginFuel() {
	if c := ce.polling.control; c != nil && c.Fuel != nil {
		ce.fuelOf = c.Fuel
		ce.fuelBefore = ce.fuelOf.Enter(&ce.counting.fuel)
	} else {
		ce.counting.fuel = nodehost.NoFuelLimit
	}
}

func (ce *callEngine) endFuel() {
	if ce.fuelOf != nil {
		ce.fuelOf.Leave(&ce.counting.fuel, ce.fuelBefore)
		ce.fuelOf, ce.fuelBefore = nil, nil
	}
}

func (ce *callEngine) charge(n uint64) {
	if ce.counting.fuel -= int64(n); ce.counting.fuel < 0 {
		panic(wasmruntime.ErrRuntimeOutOfFuel)
	}
}

package frames

import "wazeronode/accounts"

// burning is a frame's part in the fuel of its calls: it has one of its own, or that of the frame below, whose calls it is nested in.
type burning struct {
	asked   uint64 // Options.Fuel
	fuel    *fuel  // nil: its runtime does not count
	budget  int64
	own     bool
	counted int64 // of it, by the account
}

// beginFuel is for a frame that has just been put on its group's stack. Who asks for less than the frame below has gets that, of the
// frame below; who asks for more, or for nothing, shares with it.
func (f *Frame) beginFuel() {
	if !f.member.Self.CountsFuel() {
		return
	}
	b := &f.burning
	b.budget = noFuelLimit
	if b.asked != 0 {
		b.budget = int64(b.asked - 1)
	}
	if below := f.below; below != nil && below.burning.fuel != nil && below.burning.fuel.left() < b.budget {
		b.fuel = below.burning.fuel
	} else {
		b.fuel, b.own = newFuel(b.budget), true
	}
	f.control.burn(b.fuel)
}

// BurnsIn is for a guest that has been entered without Go: it counts there already, from its budget down.
func (f *Frame) BurnsIn(counter *int64) {
	if f.burning.fuel != nil {
		f.burning.fuel.attach(counter)
	}
}

// endFuel says what its calls have burned. What is more than the budget, nothing has been executed for.
func (f *Frame) endFuel() {
	b := &f.burning
	if !b.own {
		return
	}
	b.own = false
	if below := f.below; below != nil && below.burning.fuel != nil {
		below.burning.fuel.charge(f.burned())
	} else {
		f.countFuel()
	}
}

// countFuel has the account know what was burned so far.
func (f *Frame) countFuel() {
	used := f.burned()
	f.account.Add(accounts.Fuel, uint64(used-f.burning.counted))
	f.burning.counted = used
}

func (f *Frame) burned() int64 { return f.burning.budget - max(f.burning.fuel.left(), 0) }

// ChargeFuel takes from what its calls may still execute, and tells whether there was as much. While the guest waits for who charges.
func (f *Frame) ChargeFuel(amount int64) bool {
	if f.burning.fuel == nil {
		return true
	}
	f.burning.fuel.charge(amount)
	return f.burning.fuel.left() >= 0
}

// exitIfOutOfFuel unwinds the guest where a host function, or a call that was nested in it, has charged too much.
func (f *Frame) exitIfOutOfFuel() {
	if f.burning.fuel == nil {
		return
	}
	if f.burning.fuel.left() < 0 {
		panic(errOutOfFuel)
	}
	if f.burning.own && f.below == nil {
		f.countFuel() // a guest that asks for ever is seen in its usage
	}
}

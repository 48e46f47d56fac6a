package ssa

// GuestAccess implements Builder.
func (b *builder) GuestAccess(address Value) {
	if b.awaitsGuestAccess {
		panic("BUG: an access of the guest did not come")
	}
	b.guestAccess, b.awaitsGuestAccess = address, true
}

// noteGuestAccess marks the access that was announced. A load of that kind may trap, so it stays where nobody uses what it loads, and has a place in the
// source; stores do anyway.
func (b *builder) noteGuestAccess(i *Instruction) {
	address := ValueInvalid
	switch i.opcode {
	case OpcodeLoad, OpcodeUload8, OpcodeUload16, OpcodeUload32, OpcodeSload8, OpcodeSload16, OpcodeSload32, OpcodeLoadSplat, OpcodeVZeroExtLoad:
		address, i.mayTrap = i.v, true
	case OpcodeStore, OpcodeIstore8, OpcodeIstore16, OpcodeIstore32:
		address, i.mayTrap = i.v2, true
	default:
		return
	}
	if address != b.guestAccess {
		panic("BUG: another access than that of the guest")
	}
	b.awaitsGuestAccess = false
}

// MayTrap tells whether this is an access of the guest that nothing has compared.
func (i *Instruction) MayTrap() bool { return i.mayTrap }

func (i *Instruction) isTrappingLoad() bool { return i.mayTrap && i.rValue.Valid() }

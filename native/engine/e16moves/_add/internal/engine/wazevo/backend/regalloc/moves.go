package regalloc

// moveAside moves what is in a register that instr defines, and is used later in this block or behind it, to one that is free. Where none is, it has to
// be loaded when it is used. used are the registers that instr reads.
func (a *Allocator[I, B, F]) moveAside(f F, instr I, r RealReg, pc programCounter, used RegSet) {
	s := &a.state
	vs := s.regsInUse.get(r)
	if vs == nil || vs.v.IsRealReg() || vs.lastUse <= pc {
		return
	}
	typ := vs.v.RegType()
	// A register that must be saved costs more than the load, unless it is saved already.
	free := s.findAllocatable(a.regInfo.AllocatableRegisters[typ], used|a.regInfo.CalleeSavedRegisters&^s.allocatedRegSet)
	if free == RealRegInvalid {
		return
	}
	f.InsertMoveBefore(FromRealReg(free, typ), vs.v.SetRealReg(r), instr)
	s.releaseRealReg(r)
	s.useRealReg(free, vs)
}

//go:build !wazero_waiting

package regalloc

func (a *Allocator[I, B, F]) checkAddresses(F) {}

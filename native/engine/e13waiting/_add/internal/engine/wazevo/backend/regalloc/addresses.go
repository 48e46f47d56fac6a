//go:build wazero_waiting

package regalloc

import "github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"

// checkAddresses reports what is an address and lives across a call, beside the contexts.
func (a *Allocator[I, B, F]) checkAddresses(f F) {
	report := wazevoapi.Addresses
	kinder, ok := any(f).(interface {
		AddressKinds() map[VRegID]wazevoapi.AddressKind
	})
	if report == nil || !ok {
		return
	}
	kinds := kinder.AddressKinds()
	kindOf := func(id VRegID) wazevoapi.AddressKind {
		kind := kinds[id]
		if (kind == wazevoapi.AddressOfExecution || kind == wazevoapi.AddressOfModule) && !a.isContext(id) {
			return wazevoapi.AddressMadeOfContext
		}
		return kind
	}
	report.Functions++
	report.Values += len(kinds)
	var noBlock B
	var none I
	live := map[VRegID]wazevoapi.AddressKind{}
	for blk := f.ReversePostOrderBlockIteratorBegin(); blk != noBlock; blk = f.ReversePostOrderBlockIteratorNext() {
		clear(live)
		for i := range blk.Succs() {
			succ := f.Succ(blk, i)
			if succ == noBlock {
				continue
			}
			for _, st := range a.getOrAllocateBlockState(succ.ID()).liveIns {
				if kind := kindOf(st.v.ID()); st.phiBlk() != succ && kind != 0 {
					live[st.v.ID()] = kind
				}
			}
		}
		for instr := blk.InstrRevIteratorBegin(); instr != none; instr = blk.InstrRevIteratorNext() {
			for _, d := range instr.Defs(&a.vs) {
				if !d.IsRealReg() {
					delete(live, d.ID())
				}
			}
			uses := instr.Uses(&a.vs)
			if indirect := instr.IsIndirectCall(); indirect || instr.IsCall() {
				// A way out to Go, or memmove, is called by an address in the execution context: nobody waits there but in host functions,
				// whose addresses come from elsewhere.
				builtin := false
				if indirect && len(uses) > 0 && !uses[0].IsRealReg() {
					kind := kindOf(uses[0].ID())
					builtin = kind == wazevoapi.AddressOfBuiltin || kind == wazevoapi.AddressOfExecution
				}
				report.Call(builtin)
				for _, kind := range live {
					report.Live(builtin, kind, instr.String())
				}
			}
			for _, u := range uses {
				if kind := kindOf(u.ID()); !u.IsRealReg() && kind != 0 {
					live[u.ID()] = kind
				}
			}
		}
	}
}

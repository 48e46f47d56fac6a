//go:build wazero_waiting

package ssa

import "github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"

// AddressKinds says which values are addresses: the contexts, what is loaded from them, and what is computed with one.
func (b *builder) AddressKinds() map[Value]wazevoapi.AddressKind {
	kinds := map[ValueID]wazevoapi.AddressKind{}
	values := map[Value]wazevoapi.AddressKind{}
	entry := b.entryBlk().params.View()
	if len(entry) < 2 {
		return values
	}
	changed := true
	set := func(v Value, kind wazevoapi.AddressKind) {
		if kind != 0 && v.Valid() && kinds[v.ID()] == 0 {
			kinds[v.ID()], values[v] = kind, kind
			changed = true
		}
	}
	get := func(v Value) wazevoapi.AddressKind {
		if !v.Valid() {
			return 0
		}
		return kinds[v.ID()]
	}
	execution, module := entry[0].ID(), entry[1].ID()
	set(entry[0], wazevoapi.AddressOfExecution)
	set(entry[1], wazevoapi.AddressOfModule)
	for changed {
		changed = false
		for blk := b.blockIteratorBegin(); blk != nil; blk = b.blockIteratorNext() {
			if blk != b.entryBlk() {
				for i, p := range blk.params.View() {
					for j := range blk.preds {
						if vs := blk.preds[j].branch.vs.View(); i < len(vs) {
							set(p, get(vs[i]))
						}
					}
				}
			}
			for cur := blk.rootInstr; cur != nil; cur = cur.next {
				if cur.IsBranching() || !cur.rValue.Valid() || cur.rValue.Type() != TypeI64 {
					continue
				}
				switch cur.opcode {
				case OpcodeLoad:
					ptr, offset, typ := cur.LoadData()
					if typ != TypeI64 || get(ptr) == 0 {
						continue
					}
					switch {
					case ptr.ID() == execution:
						if offset != wazevoapi.ExecutionContextOffsetCaughtExceptionClauseIdx.U32() {
							set(cur.rValue, wazevoapi.AddressOfBuiltin)
						}
					case ptr.ID() == module:
						set(cur.rValue, inModuleContext(int64(offset)))
					case get(ptr) == wazevoapi.AddressOfEngine:
						set(cur.rValue, wazevoapi.AddressOfEngine)
					}
				case OpcodeCall, OpcodeCallIndirect, OpcodeIcmp, OpcodeFcmp, OpcodeUload8, OpcodeUload16, OpcodeUload32, OpcodeSload8,
					OpcodeSload16, OpcodeSload32, OpcodeAtomicLoad, OpcodeAtomicRmw, OpcodeAtomicCas, OpcodeFcvtToSint, OpcodeFcvtToUint,
					OpcodeFcvtToSintSat, OpcodeFcvtToUintSat, OpcodeSdiv, OpcodeUdiv, OpcodeSrem, OpcodeUrem:
				default:
					for _, operand := range []Value{cur.v, cur.v2, cur.v3} {
						set(cur.rValue, get(operand))
					}
				}
			}
		}
	}
	return values
}

func inModuleContext(offset int64) wazevoapi.AddressKind {
	r := wazevoapi.Addresses
	begin, memory := int64(r.Layout.GlobalsBegin), int64(r.Layout.LocalMemoryBegin)
	switch {
	case begin >= 0 && offset >= begin && offset < begin+16*int64(r.Globals):
		if (offset-begin)/16 < int64(r.Imported) {
			return wazevoapi.AddressOfGlobal
		}
		return 0
	case memory >= 0 && offset == memory:
		return wazevoapi.AddressOfMemory
	case memory >= 0 && offset == memory+8:
		return 0 // its length
	}
	return wazevoapi.AddressOfEngine
}

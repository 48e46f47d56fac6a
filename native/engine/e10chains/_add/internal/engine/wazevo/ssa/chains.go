package ssa

// findAbove is findValue for a block with one predecessor. Where it had to go far, the block keeps what was found: the next one below it need not.
func (b *builder) findAbove(typ Type, variable Variable, from *basicBlock) Value {
	const far = 16
	blk, steps := from.singlePred, 0
	for ; blk.sealed && blk.singlePred != nil; steps++ {
		if _, ok := blk.lastDefinitions[variable]; ok {
			break
		}
		b.poll()
		blk = blk.singlePred
	}
	value := b.findValue(typ, variable, blk)
	if steps >= far {
		from.lastDefinitions[variable] = value
	}
	return value
}

// resolveChain is the value at the end of a chain of aliases, each of which is the end's from then on.
func (b *builder) resolveChain(v Value) Value {
	info := b.valuesInfo
	end := v
	for id := end.ID(); id < ValueID(len(info)) && info[id].alias.Valid(); id = end.ID() {
		end = info[id].alias
	}
	for v != end {
		alias := &info[v.ID()].alias
		v, *alias = *alias, end
	}
	return end
}

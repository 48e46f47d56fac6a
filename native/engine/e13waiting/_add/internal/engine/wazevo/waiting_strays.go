package wazevo

import (
	"cmp"
	"slices"
	"unsafe"
)

// Dead words of a stack that waits may be addresses of this process, which a file of it is not to tell. What native code ever has an address of is
// named here, object by object: two small numbers beside each other, in a vector, look like an address in Go's heap as soon as one takes all of that.

type addressRange struct{ begin, end uint64 }

type addressRanges []addressRange

func (all *addressRanges) add(p unsafe.Pointer, bytes int) {
	if p != nil {
		begin := uint64(uintptr(p))
		*all = append(*all, addressRange{begin, begin + uint64(bytes) + 1}) // its end, too
	}
}

func addSlice[T any](all *addressRanges, s []T) {
	var one T
	all.add(unsafe.Pointer(unsafe.SliceData(s)), cap(s)*int(unsafe.Sizeof(one)))
}

func (c *callEngine) ranges() (all addressRanges) {
	m, source := c.parent, c.parent.module
	all.add(unsafe.Pointer(&c.execCtx), int(unsafe.Sizeof(c.execCtx)))
	addSlice(&all, c.stack)
	addSlice(&all, m.opaque)
	addSlice(&all, m.parent.executable)
	addSlice(&all, m.parent.entryPreambles)
	all.add(unsafe.Pointer(source), int(unsafe.Sizeof(*source)))
	addSlice(&all, source.TypeIDs)
	addSlice(&all, source.DataInstances)
	for _, d := range source.DataInstances {
		addSlice(&all, d)
	}
	addSlice(&all, source.ElementInstances)
	for _, e := range source.ElementInstances {
		addSlice(&all, e)
	}
	for _, t := range source.Tables {
		all.add(unsafe.Pointer(t), int(unsafe.Sizeof(*t)))
		addSlice(&all, t.References)
	}
	if memory := source.MemoryInstance; memory != nil {
		all.add(unsafe.Pointer(memory), int(unsafe.Sizeof(*memory)))
		all.add(unsafe.Pointer(unsafe.SliceData(memory.Buffer)), len(memory.Buffer)) // not all that it may grow to: 4 GiB have any lower half
	}
	addSlice(&all, m.frozen.all)
	m.gate.mux.Lock()
	for _, f := range m.gate.references {
		all.add(unsafe.Pointer(f), int(unsafe.Sizeof(*f)))
	}
	m.gate.mux.Unlock()
	for i := range m.importedFunctions {
		if host := m.importedFunctions[i].me; i == 0 || host != m.importedFunctions[i-1].me {
			addSlice(&all, host.opaque)
			addSlice(&all, host.parent.executable)
		}
	}
	for _, g := range source.Globals[:source.Source.ImportGlobalCount] {
		if owner, ok := g.Me.(*moduleEngine); ok {
			addSlice(&all, owner.opaque)
		}
	}
	const near = 64 << 10 // code that all modules share
	for _, p := range []*byte{m.parent.sharedFunctions.memoryGrowAddress, m.parent.sharedFunctions.stackGrowAddress} {
		all.add(unsafe.Add(unsafe.Pointer(p), -near), 2*near)
	}
	const library = 64 << 20
	all = append(all, addressRange{uint64(memmovPtr) &^ (library - 1), uint64(memmovPtr)&^(library-1) + library})
	words := c.wordsBelow()
	results := *words.word(1)
	all = append(all, addressRange{results, results + 8*uint64(c.sizeOfParamResultSlice) + 1})
	slices.SortFunc(all, func(a, b addressRange) int { return cmp.Compare(a.begin, b.begin) })
	return all
}

func (all addressRanges) strays(words []uint64) (found []uint32) {
	for i, word := range words {
		if word < 1<<20 {
			continue
		}
		for _, r := range all {
			if r.begin > word {
				break
			}
			if word < r.end {
				found = append(found, uint32(i))
				break
			}
		}
	}
	return found
}

package wazevo

import (
	"slices"
	"unsafe"
)

// addressRanges are where what a call touches lies.
type addressRanges []struct{ begin, end uint64 }

// heapBegin and heapBytes are where Go's heap is on 64-bit systems, and more than it takes.
const heapBegin, heapBytes = 0xc0 << 32, 64 << 30

func (c *callEngine) ranges() (all addressRanges) {
	add := func(b []byte) {
		if len(b) > 0 {
			begin := uint64(uintptr(unsafe.Pointer(&b[0])))
			all = append(all, struct{ begin, end uint64 }{begin, begin + uint64(cap(b)) + 1})
		}
	}
	m := c.parent
	all = append(all, struct{ begin, end uint64 }{heapBegin, heapBegin + heapBytes})
	add(c.stack)
	add(m.parent.executable)
	add(m.parent.entryPreambles)
	if memory := m.module.MemoryInstance; memory != nil {
		add(memory.Buffer)
	}
	for i := range m.importedFunctions {
		if code := m.importedFunctions[i].me.parent.executable; i == 0 || m.importedFunctions[i].me != m.importedFunctions[i-1].me {
			add(code)
		}
	}
	near := func(p *byte) { // of code that all modules share
		at := uint64(uintptr(unsafe.Pointer(p)))
		all = append(all, struct{ begin, end uint64 }{at - 1<<16, at + 1<<16})
	}
	near(m.parent.sharedFunctions.memoryGrowAddress)
	near(m.parent.sharedFunctions.stackGrowAddress)
	at := uint64(memmovPtr)
	all = append(all, struct{ begin, end uint64 }{at &^ (1<<26 - 1), at&^(1<<26-1) + 1<<26}) // code and data of the library
	slices.SortFunc(all, func(a, b struct{ begin, end uint64 }) int {
		if a.begin < b.begin {
			return -1
		}
		return 1
	})
	return all
}

func (all addressRanges) strays(words []uint64) (found []uint32) {
	for i, word := range words {
		if word < 1<<20 || word >= 1<<56 {
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

package prescan

// Calls and blocks of types with many results make a stack of values out of a few bytes, all of which wazero's validator and compiler
// hold: 20,000 calls of 1,000 results, in a module of 41 KB, took 31 s and 5.4 GB. pushes knows the results of the types that have
// more than wideResults. It holds nothing, and costs nothing, in a module without such a type.
type pushes struct {
	types     uint32
	results   []uint16 // by type; 0 for those that are not wide
	functions []uint32 // the type of each function, imported ones first
}

const wideResults = 4

func (p *pushes) addType(results uint32) {
	if results > wideResults {
		p.results = append(p.results, make([]uint16, int(p.types)-len(p.results)+1)...)
		p.results[p.types] = uint16(results)
	}
	p.types++
}

func (p *pushes) addFunction(typeIndex uint32) {
	if p.results != nil {
		p.functions = append(p.functions, typeIndex)
	}
}

func (p *pushes) ofType(typeIndex uint32) int {
	if uint64(typeIndex) < uint64(len(p.results)) {
		return int(p.results[typeIndex])
	}
	return 0
}

func (p *pushes) ofFunction(function uint32) int {
	if uint64(function) < uint64(len(p.functions)) {
		return p.ofType(p.functions[function])
	}
	return 0
}

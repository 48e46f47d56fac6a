package wasm

// HeldReferences passes every externref that is not null in the instance's tables, globals and element segments, while nothing of it runs.
// false: there may be others, in the exceptions that its store keeps.
func (m *ModuleInstance) HeldReferences(look func(word uint64)) bool {
	if m.s.exceptions.stored.Load() {
		return false
	}
	all := func(words []Reference) {
		for _, word := range words {
			if word != 0 {
				look(uint64(word))
			}
		}
	}
	for _, t := range m.Tables {
		if t != nil && isExternref(t.Type) {
			all(t.References)
		}
	}
	for _, g := range m.Globals {
		if g != nil && isExternref(g.Type.ValType) {
			if word, _ := g.Value(); word != 0 {
				look(word)
			}
		}
	}
	for i := range m.ElementInstances {
		if isExternref(m.Source.ElementSection[i].Type) {
			all(m.ElementInstances[i])
		}
	}
	return true
}

func isExternref(t ValueType) bool { return t.Kind() == ValueTypeExternref.Kind() }

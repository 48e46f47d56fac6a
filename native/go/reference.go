package main

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/api"

	"wazeronode/describe"
	"wazeronode/handles"
)

// referenceRecord is ReferenceRecord of src/native/binding.ts.
type referenceRecord struct {
	describe.FunctionRecord
	Module   handles.Handle `json:"module,omitempty"`
	Function handles.Handle `json:"function,omitempty"`
}

// functionOf finds the function that a reference refers to, whoever's word for it that is: its instance, and a function to call it by, exported
// or not. nil: of a host module, or closed.
func (rt *runtimeState) functionOf(m api.Module, reference uint64) (*moduleState, *functionState) {
	inner, index, ok := functionOwnerOf(m, reference)
	if !ok {
		return nil, nil
	}
	rt.mu.Lock()
	owner := rt.modules[inner]
	rt.mu.Unlock()
	if owner == nil || owner.IsClosed() {
		return nil, nil
	}
	return owner, owner.functionAt(index)
}

func (m *moduleState) functionAt(index uint32) *functionState {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.indexed[index]; f != nil {
		return f
	}
	inner := functionAt(m.inner, index)
	d := inner.Definition()
	f := &functionState{module: m, size: max(describe.Words(d.ParamTypes()), describe.Words(d.ResultTypes()))}
	f.again = func() api.Function { return functionAt(m.inner, index) }
	f.put(m.countEngine(inner))
	f.handle = m.own(handles.Function, f)
	if m.indexed == nil {
		m.indexed = map[uint32]*functionState{}
	}
	m.indexed[index] = f
	return f
}

// heldReferences are the words of all externrefs that it holds, each once, little endian; false where nobody knows all of them. At rest only.
func (m *moduleState) heldReferences() ([]byte, bool) {
	if m.IsClosed() || m.inner == nil {
		return nil, true
	}
	seen := map[uint64]struct{}{}
	var words []byte
	all := heldReferences(m.inner, func(word uint64) {
		if _, is := seen[word]; !is {
			seen[word] = struct{}{}
			words = binary.LittleEndian.AppendUint64(words, word)
		}
	})
	return words, all
}

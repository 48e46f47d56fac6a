package wasm

import (
	"errors"

	"github.com/tetratelabs/wazero/api"
)

var errStopped = errors.New("validation was stopped")

// ValidateUntil is Validate, but ends soon when the channel is closed.
func (m *Module) ValidateUntil(stop <-chan struct{}, enabledFeatures api.CoreFeatures) error {
	m.validateUntil = stop
	defer func() { m.validateUntil = nil }()
	return m.Validate(enabledFeatures)
}

func (m *Module) stopped() bool {
	select {
	case <-m.validateUntil:
		return true
	default:
		return false
	}
}

// byFunction finds the names of a function without a search of all.
func byFunction(names IndirectNameMap) map[Index]IndirectNameMap {
	of := make(map[Index]IndirectNameMap, len(names))
	for _, n := range names {
		of[n.Index] = append(of[n.Index], n)
	}
	return of
}

// nameExports gives every function definition its export names, in the order of the section.
func (m *Module) nameExports() {
	for i := range m.ExportSection {
		if e := &m.ExportSection[i]; e.Type == ExternTypeFunc {
			d := &m.FunctionDefinitionSection[e.Index]
			d.exportNames = append(d.exportNames, e.Name)
		}
	}
}

// maxTypeBytes bounds what a store remembers of types, which it does until it is closed.
const maxTypeBytes = 256 << 20

func (s *Store) addTypeBytes(key string) bool {
	const entry = 64 // beside the key itself, in the map
	if s.typeBytes+entry+len(key) > maxTypeBytes {
		return false
	}
	s.typeBytes += entry + len(key)
	return true
}

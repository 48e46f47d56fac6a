package wasm

import (
	"fmt"
	"unsafe"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// extern finds what an import is, and the instance that has it: by name in the one that from is, or in the list, where there is one.
func (m *ModuleInstance) extern(externs []nodehost.Extern, i *Import, from **ModuleInstance) (*Export, error) {
	if externs == nil {
		return (*from).getExport(i.Name, i.Type)
	}
	index := m.Source.importIndex(i)
	if index >= len(externs) {
		return nil, errorInvalidImport(i, fmt.Errorf("only %d externs were given", len(externs)))
	}
	e := &externs[index]
	*from = e.Module.(*ModuleInstance)
	m.ImportedFrom = m.alsoFrom(*from)
	if e.ByIndex {
		return (*from).at(e.Function, i)
	}
	if !e.IsHost {
		return (*from).getExport(e.Name, i.Type)
	}
	if i.Type != ExternTypeFunc {
		return nil, errorInvalidImport(i, fmt.Errorf("a function was given for a %s", ExternTypeName(i.Type)))
	}
	return &Export{Type: ExternTypeFunc, Index: e.Function}, nil
}

// at is an instance's function of that index, or its memory, exported or not.
func (m *ModuleInstance) at(index Index, i *Import) (*Export, error) {
	is := i.Type == ExternTypeFunc && index < m.Source.ImportFunctionCount+Index(len(m.Source.FunctionSection)) ||
		i.Type == ExternTypeMemory && index == 0 && m.MemoryInstance != nil
	if !is {
		return nil, errorInvalidImport(i, fmt.Errorf("module %q has no such %s", m.ModuleName, ExternTypeName(i.Type)))
	}
	return &Export{Type: i.Type, Index: index}, nil
}

// importIndex is the position of one of its imports.
func (m *Module) importIndex(i *Import) int {
	return int((uintptr(unsafe.Pointer(i)) - uintptr(unsafe.Pointer(&m.ImportSection[0]))) / unsafe.Sizeof(*i))
}

// alsoFrom is ImportedFrom with one more, unless it is there already. nil: there is a list, which says of each import whose it is.
func (m *ModuleInstance) alsoFrom(from *ModuleInstance) []*ModuleInstance {
	if n := len(m.ImportedFrom); from == nil || n > 0 && m.ImportedFrom[n-1] == from {
		return m.ImportedFrom
	}
	return append(m.ImportedFrom, from)
}

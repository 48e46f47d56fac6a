package wasm

import (
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

// takeHostFunctions takes the functions of its own, if they can be in the place of those it was compiled with: the code of each knows which of
// the two interfaces it calls.
func (m *ModuleInstance) takeHostFunctions(functions []any) error {
	if functions == nil || !m.Source.IsHostModule {
		return nil
	}
	if len(functions) != len(m.Source.CodeSection) {
		return fmt.Errorf("expected %d host functions but received %d", len(m.Source.CodeSection), len(functions))
	}
	for i, fn := range functions {
		_, takes := fn.(api.GoModuleFunction)
		_, took := m.Source.CodeSection[i].GoFunc.(api.GoModuleFunction)
		if _, is := fn.(api.GoFunction); takes != took || !takes && !is {
			return fmt.Errorf("host function %d cannot be in the place of the one that was compiled", i)
		}
	}
	m.HostFunctions = functions
	return nil
}

// HostFunction is a function of a host module's instance.
func (m *ModuleInstance) HostFunction(index Index) any {
	if m.HostFunctions != nil {
		return m.HostFunctions[index]
	}
	return m.Source.CodeSection[index].GoFunc
}

// HostFunctions are those that a host module was compiled with, by index; nil: it is none.
func (m *Module) HostFunctions() []any {
	if !m.IsHostModule {
		return nil
	}
	functions := make([]any, len(m.CodeSection))
	for i := range m.CodeSection {
		functions[i] = m.CodeSection[i].GoFunc
	}
	return functions
}

// HostInstance makes an instance of a compiled host module with functions of its own: nobody finds it by name, and there is nothing of it to
// close. It lives as long as those that import from it.
func (s *Store) HostInstance(module *Module, typeIDs []FunctionTypeID, functions []any) (*ModuleInstance, error) {
	m := &ModuleInstance{TypeIDs: typeIDs, s: s, Source: module, Exports: module.Exports}
	if module.NameSection != nil {
		m.ModuleName = module.NameSection.ModuleName
	}
	err := m.takeHostFunctions(functions)
	if err != nil {
		return nil, err
	}
	if m.Engine, err = s.Engine.NewModuleEngine(module, m); err != nil {
		return nil, err
	}
	m.Engine.DoneInstantiation()
	return m, nil
}

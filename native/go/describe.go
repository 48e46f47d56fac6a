package main

import (
	"github.com/tetratelabs/wazero/api"
)

// The descriptions that cross as JSON: FunctionRecord, MemoryRecord, CompiledDescription, ModuleDescription of src/internal/binding.ts.

type importRecord struct {
	Module string `json:"module"`
	Name   string `json:"name"`
}

type functionRecord struct {
	ModuleName  string        `json:"moduleName"`
	Index       uint32        `json:"index"`
	Name        string        `json:"name"`
	DebugName   string        `json:"debugName"`
	Import      *importRecord `json:"import,omitempty"`
	ExportNames []string      `json:"exportNames"`
	ParamTypes  []string      `json:"paramTypes"`
	ParamNames  []string      `json:"paramNames"`
	ResultTypes []string      `json:"resultTypes"`
	ResultNames []string      `json:"resultNames"`
}

type memoryRecord struct {
	ModuleName  string        `json:"moduleName"`
	Index       uint32        `json:"index"`
	Import      *importRecord `json:"import,omitempty"`
	ExportNames []string      `json:"exportNames"`
	Min         uint32        `json:"min"`
	Max         *uint32       `json:"max,omitempty"`
	Shared      bool          `json:"shared,omitempty"`
}

type sectionRecord struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

type importModuleRecord struct {
	Name  string `json:"name"`
	Joins bool   `json:"joins"`
}

type compiledDescription struct {
	Name              string                    `json:"name"`
	ImportedFunctions []functionRecord          `json:"importedFunctions"`
	ExportedFunctions map[string]functionRecord `json:"exportedFunctions"`
	ImportedMemories  []memoryRecord            `json:"importedMemories"`
	ExportedMemories  map[string]memoryRecord   `json:"exportedMemories"`
	CustomSections    []sectionRecord           `json:"customSections"`
	ImportModules     []importModuleRecord      `json:"importModules"`
}

type moduleDescription struct {
	Name              string                    `json:"name"`
	ExportedFunctions map[string]functionRecord `json:"exportedFunctions"`
	ExportedMemories  map[string]memoryRecord   `json:"exportedMemories"`
	Memory            *memoryRecord             `json:"memory,omitempty"`
	Closed            bool                      `json:"closed"`
}

func (c *compiledState) describe() *compiledDescription {
	d := &compiledDescription{
		Name:              c.inner.Name(),
		ImportedFunctions: []functionRecord{},
		ExportedFunctions: map[string]functionRecord{},
		ImportedMemories:  []memoryRecord{},
		ExportedMemories:  map[string]memoryRecord{},
		CustomSections:    []sectionRecord{},
		ImportModules:     []importModuleRecord{},
	}
	for _, f := range c.inner.ImportedFunctions() {
		d.ImportedFunctions = append(d.ImportedFunctions, describeFunction(f))
	}
	for name, f := range c.inner.ExportedFunctions() {
		d.ExportedFunctions[name] = describeFunction(f)
	}
	for _, m := range c.inner.ImportedMemories() {
		d.ImportedMemories = append(d.ImportedMemories, describeMemory(m, c.sharedMemory))
	}
	for name, m := range c.inner.ExportedMemories() {
		d.ExportedMemories[name] = describeMemory(m, c.sharedMemory)
	}
	for _, s := range c.customSections() {
		d.CustomSections = append(d.CustomSections, sectionRecord{s.Name(), len(s.Data())})
	}
	for _, i := range c.imports {
		d.ImportModules = append(d.ImportModules, importModuleRecord{i.Name, i.Joins})
	}
	return d
}

func (m *moduleState) describe() (*moduleDescription, error) {
	if m.inner == nil {
		return nil, closedError("the module is not instantiated")
	}
	d := &moduleDescription{
		Name:              m.inner.Name(),
		Closed:            m.isClosed(),
		ExportedFunctions: map[string]functionRecord{},
		ExportedMemories:  map[string]memoryRecord{},
	}
	for name, f := range m.inner.ExportedFunctionDefinitions() {
		d.ExportedFunctions[name] = describeFunction(f)
	}
	for name, mem := range m.inner.ExportedMemoryDefinitions() {
		d.ExportedMemories[name] = describeMemory(mem, m.sharedMemory)
	}
	if mem := moduleMemory(m.inner); mem != nil {
		r := describeMemory(mem.Definition(), m.sharedMemory)
		d.Memory = &r
	}
	return d, nil
}

func describeFunction(f api.FunctionDefinition) functionRecord {
	r := functionRecord{
		ModuleName: f.ModuleName(), Index: f.Index(), Name: f.Name(), DebugName: f.DebugName(),
		ExportNames: copied(f.ExportNames()),
		ParamTypes:  typeNames(f.ParamTypes()), ParamNames: copied(f.ParamNames()),
		ResultTypes: typeNames(f.ResultTypes()), ResultNames: copied(f.ResultNames()),
	}
	if module, name, ok := f.Import(); ok {
		r.Import = &importRecord{module, name}
	}
	return r
}

func describeMemory(m api.MemoryDefinition, shared bool) memoryRecord {
	r := memoryRecord{ModuleName: m.ModuleName(), Index: m.Index(), ExportNames: copied(m.ExportNames()), Min: m.Min(), Shared: shared}
	if module, name, ok := m.Import(); ok {
		r.Import = &importRecord{module, name}
	}
	if most, encoded := m.Max(); encoded {
		r.Max = &most
	}
	return r
}

func copied(list []string) []string { return append([]string{}, list...) } // an empty one is [], not null

func typeNames(types []api.ValueType) []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = typeName(t)
	}
	return out
}

func typeName(t api.ValueType) string {
	for name, known := range valueTypeOf {
		if known == t {
			return name
		}
	}
	if t == exnrefType {
		return "exnref"
	}
	return "funcref" // a typed function reference is one to JavaScript
}

const exnrefType = 0x69

package main

import (
	"bytes"
	"maps"
	"slices"

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

// compiledDescription is the first line of a description. The lines after it are a functionRecord each; numbers stand for them, from 0.
// So nothing is said twice (one function may have 100,000 names), and JavaScript reads only what is asked for.
type compiledDescription struct {
	Name              string               `json:"name"`
	ImportedFunctions int                  `json:"importedFunctions"` // the first lines
	ExportNames       []string             `json:"exportNames"`
	ExportedFunctions []int                `json:"exportedFunctions"` // the line of each of these names
	Memories          []memoryRecord       `json:"memories"`          // imported ones first
	ImportedMemories  int                  `json:"importedMemories"`
	CustomSections    []sectionRecord      `json:"customSections"`
	ImportModules     []importModuleRecord `json:"importModules"`
}

type moduleDescription struct {
	Name   string        `json:"name"`
	Memory *memoryRecord `json:"memory,omitempty"`
}

func (c *compiledState) describe() ([]byte, error) {
	imported := c.inner.ImportedFunctions()
	d := &compiledDescription{
		Name:              c.inner.Name(),
		ImportedFunctions: len(imported),
		ExportNames:       []string{},
		ExportedFunctions: []int{},
		Memories:          []memoryRecord{},
		CustomSections:    []sectionRecord{},
		ImportModules:     []importModuleRecord{},
	}
	var lines bytes.Buffer
	lineOf := map[uint32]int{}
	add := func(f api.FunctionDefinition) (line int, err error) {
		line, known := lineOf[f.Index()]
		if known {
			return line, nil
		}
		line = len(lineOf)
		lineOf[f.Index()] = line
		text, err := asJSON(describeFunction(f))
		lines.WriteByte('\n')
		lines.Write(text)
		return line, err
	}
	for _, f := range imported {
		if _, err := add(f); err != nil {
			return nil, err
		}
	}
	exported := c.inner.ExportedFunctions()
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		line, err := add(exported[name])
		if err != nil {
			return nil, err
		}
		d.ExportNames = append(d.ExportNames, name)
		d.ExportedFunctions = append(d.ExportedFunctions, line)
	}
	d.describeMemories(c)
	for _, s := range c.customSections() {
		d.CustomSections = append(d.CustomSections, sectionRecord{s.Name(), len(s.Data())})
	}
	for _, i := range c.imports {
		d.ImportModules = append(d.ImportModules, importModuleRecord{i.Name, i.Joins})
	}
	text, err := asJSON(d)
	return append(text, lines.Bytes()...), err
}

func (d *compiledDescription) describeMemories(c *compiledState) {
	known := map[uint32]bool{}
	for _, m := range c.inner.ImportedMemories() {
		d.Memories = append(d.Memories, describeMemory(m, c.sharedMemory))
		known[m.Index()] = true
	}
	d.ImportedMemories = len(d.Memories)
	for _, m := range c.inner.ExportedMemories() { // by name: one module has one memory, under any number of them
		if !known[m.Index()] {
			d.Memories = append(d.Memories, describeMemory(m, c.sharedMemory))
			known[m.Index()] = true
		}
	}
}

func (m *moduleState) describe() (*moduleDescription, error) {
	if m.inner == nil {
		return nil, closedError("the module is not instantiated")
	}
	d := &moduleDescription{Name: m.inner.Name()}
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

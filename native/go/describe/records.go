package describe

import (
	"github.com/tetratelabs/wazero/api"
)

// The descriptions that cross as JSON: FunctionRecord, LineRecord, ExternRecord, MemoryRecord, CompiledDescription, ModuleDescription of src/native/binding.ts.

type importRecord struct {
	Module string `json:"module"`
	Name   string `json:"name"`
}

type FunctionRecord struct {
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

// LineRecord is a function of a description.
type LineRecord struct {
	Index       uint32        `json:"index"`
	Name        string        `json:"name"`
	DebugName   string        `json:"debugName"`
	Import      *importRecord `json:"import,omitempty"`
	ExportNames []string      `json:"exportNames"` // null: there are many, see namesOfLine
	ParamNames  []string      `json:"paramNames"`
	ResultNames []string      `json:"resultNames"`
	Type        int           `json:"type"`
}

// ExternRecord is a global or a table of a description.
type ExternRecord struct {
	Index       uint32        `json:"index"`
	Import      *importRecord `json:"import,omitempty"`
	ExportNames []string      `json:"exportNames"` // null: there are many, see namesOfLine
	Type        string        `json:"type"`
	Mutable     bool          `json:"mutable"` // of a global
	Min         uint32        `json:"min"`     // of a table, as is max
	Max         *uint32       `json:"max,omitempty"`
}

type externsRecord struct {
	Imported int `json:"imported"`
	Lines    int `json:"lines"`
	Exports  int `json:"exports"`
}

type externNames struct {
	Names []string `json:"names"`
	Lines []uint32 `json:"lines"` // of each name, from the first of its kind
}

type TypeRecord struct {
	ParamTypes  []string `json:"paramTypes"`
	ResultTypes []string `json:"resultTypes"`
}

type NamesRecord struct {
	Names []string `json:"names"`
	Lines []uint32 `json:"lines,omitempty"`
}

type memoryRecord struct {
	ModuleName  string        `json:"moduleName"`
	Index       uint32        `json:"index"`
	Import      *importRecord `json:"import,omitempty"`
	ExportNames []string      `json:"exportNames"` // null: those of the description
	Min         uint32        `json:"min"`
	Max         *uint32       `json:"max,omitempty"`
	Shared      bool          `json:"shared,omitempty"`
}

type importModuleRecord struct {
	Name  string `json:"name"`
	Joins bool   `json:"joins"`
}

// compiledDescription is the head of a description: its first line. Where it is whole, a lineRecord each follows it; numbers stand for
// them, from 0. So nothing is said twice (one function may have 100,000 names), and JavaScript reads only what is asked for.
type compiledDescription struct {
	Name              string               `json:"name"`
	FirstIndex        uint32               `json:"firstIndex"` // of a listener's: that of the first line
	ImportedFunctions int                  `json:"importedFunctions"`
	Lines             int                  `json:"lines"`
	Exports           int                  `json:"exports"`
	Memories          []memoryRecord       `json:"memories"` // none or one
	ImportedMemories  int                  `json:"importedMemories"`
	Globals           externsRecord        `json:"globals"`
	Tables            externsRecord        `json:"tables"`
	MemoryNames       int                  `json:"memoryNames"`
	CustomSections    int                  `json:"customSections"`
	ImportModules     []importModuleRecord `json:"importModules"`
	ImportKinds       string               `json:"importKinds,omitempty"` // of each import, a prescan.Kind...
	Quick             bool                 `json:"quick"`
	Large             bool                 `json:"large"`
	Whole             *wholeDescription    `json:"whole,omitempty"`
}

type wholeDescription struct {
	ExportNames       []string     `json:"exportNames"`
	ExportedFunctions []uint32     `json:"exportedFunctions"` // the line of each of these names
	MemoryNames       []string     `json:"memoryNames"`
	Globals           *externNames `json:"globals,omitempty"`
	Tables            *externNames `json:"tables,omitempty"`
	Sections          []string     `json:"sections"`
	Types             []TypeRecord `json:"types"`
}

type InstanceRecord struct {
	Name   string        `json:"name"`
	Memory *memoryRecord `json:"memory,omitempty"`
}

// Instance tells what is told of an instance; memory may be nil.
func Instance(name string, memory api.MemoryDefinition, shared bool) *InstanceRecord {
	d := &InstanceRecord{Name: name}
	if memory != nil {
		r := describeMemory(memory, shared)
		d.Memory = &r
	}
	return d
}

// Function is for a definition that is told by itself.
func Function(f api.FunctionDefinition) FunctionRecord {
	r := FunctionRecord{
		ModuleName: f.ModuleName(), Index: f.Index(), Name: f.Name(), DebugName: f.DebugName(),
		ExportNames: copied(f.ExportNames()),
		ParamTypes:  TypeNames(f.ParamTypes()), ParamNames: copied(f.ParamNames()),
		ResultTypes: TypeNames(f.ResultTypes()), ResultNames: copied(f.ResultNames()),
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

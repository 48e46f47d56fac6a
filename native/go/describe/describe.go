// Package describe is definitions as JavaScript gets them: of modules, functions, memories and types. A description is made off the JS thread
// and does not change, but for the numbers of types, under its lock.
package describe

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"wazeronode/failure"
	"wazeronode/prescan"
)

// Description is what JavaScript can ask of a compiled module. It is definitions only, so it may outlive the code.
//
// A small one crosses whole, as text, when the module is described. Of a large one JavaScript gets the head, and a handle to ask for the rest piece by piece: what
// all of it is as text follows from a few bytes of the module, and V8 keeps each text for as long as a piece of it.
type Description struct {
	head        compiledDescription
	lines       []api.FunctionDefinition // imported ones first, then each that is exported; of a listener: those that are defined
	names       []string                 // of exported functions
	lineOf      []uint32                 // of each of names: its line
	memoryNames []string                 // of the one memory
	globals     externs                  // lines behind those of functions
	tables      externs                  // likewise, behind those of globals
	sections    []string                 // names of custom sections
	text        []byte                   // where it is small

	mu    sync.Mutex // of types alone
	types map[string]int
	shown []TypeRecord
}

// maxWhole is how many bytes cross whole. Half a millisecond of the JS thread.
const maxWhole = 256 << 10

// lookEvery is after how many functions or names a description looks at its context.
const lookEvery = 1000

// Module is what is told of one: its code, its own custom sections, what the pre-scan says of it.
type Module struct {
	Inner        wazero.CompiledModule
	Sections     []api.CustomSection
	Imports      []prescan.ImportModule
	ImportKinds  string // of each import, a prescan.Kind...
	Globals      []prescan.Extern
	Tables       []prescan.Extern
	SharedMemory bool // its memory, own or imported, is one
	Quick        bool // to make an instance takes less than another thread does
}

// Compiled describes a module. It ends early with ctx.
func Compiled(ctx context.Context, c Module) (*Description, error) {
	imported := c.Inner.ImportedFunctions()
	d := &Description{lines: imported, types: map[string]int{}}
	d.head = compiledDescription{Name: c.Inner.Name(), ImportedFunctions: len(imported), Quick: c.Quick, Memories: []memoryRecord{}, ImportModules: []importModuleRecord{}, ImportKinds: c.ImportKinds}
	exported := c.Inner.ExportedFunctions()
	d.names = slices.AppendSeq(make([]string, 0, len(exported)), maps.Keys(exported))
	slices.Sort(d.names)
	d.lineOf = make([]uint32, len(d.names))
	known := make(map[uint32]uint32, len(d.names)) // by index
	for i, name := range d.names {
		if i%lookEvery == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		f := exported[name]
		line, ok := f.Index(), f.Index() < uint32(len(imported))
		if !ok {
			line, ok = known[f.Index()]
		}
		if !ok {
			line = uint32(len(d.lines))
			known[f.Index()] = line
			d.lines = append(d.lines, f)
		}
		d.lineOf[i] = line
	}
	d.describeMemories(c)
	d.globals, d.tables = externsOf(c.Globals), externsOf(c.Tables)
	for _, s := range c.Sections {
		d.sections = append(d.sections, s.Name())
	}
	for _, i := range c.Imports {
		d.head.ImportModules = append(d.head.ImportModules, importModuleRecord{i.Name, i.Joins})
	}
	return d, d.finish(ctx)
}

// Functions describes those of a listener.
func Functions(ctx context.Context, functions []api.FunctionDefinition) (*Description, error) {
	d := &Description{lines: functions, types: map[string]int{}}
	d.head = compiledDescription{Memories: []memoryRecord{}, ImportModules: []importModuleRecord{}}
	if len(functions) > 0 {
		d.head.Name, d.head.FirstIndex = functions[0].ModuleName(), functions[0].Index()
	}
	return d, d.finish(ctx)
}

// finish makes the text, whole or of the head alone.
func (d *Description) finish(ctx context.Context) error {
	d.head.Lines, d.head.Exports, d.head.CustomSections, d.head.MemoryNames = len(d.lines), len(d.names), len(d.sections), len(d.memoryNames)
	d.head.Globals, d.head.Tables = d.globals.head(), d.tables.head()
	whole := wholeDescription{Globals: d.globals.named(), Tables: d.tables.named(), ExportNames: d.names, ExportedFunctions: d.lineOf, Sections: d.sections, MemoryNames: d.memoryNames}
	size := 0
	for _, names := range [][]string{d.names, d.memoryNames, d.sections, d.globals.names, d.tables.names} {
		for _, name := range names {
			size += len(name) + 8
		}
		if size > maxWhole {
			return d.large()
		}
	}
	var lines bytes.Buffer
	for i := range d.count() {
		if i%lookEvery == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		text, err := json.Marshal(d.line(i))
		if err != nil {
			return err
		}
		lines.WriteByte('\n')
		if lines.Write(text); size+lines.Len() > maxWhole {
			return d.large()
		}
	}
	whole.Types = d.shown
	d.head.Whole = &whole
	text, err := json.Marshal(d.head)
	d.text = append(text, lines.Bytes()...)
	return err
}

func (d *Description) large() (err error) {
	d.head.Large, d.head.Whole = true, nil
	d.text, err = json.Marshal(d.head)
	return err
}

func (d *Description) describeMemories(c Module) {
	add := func(m api.MemoryDefinition) {
		d.memoryNames = slices.Sorted(slices.Values(m.ExportNames()))
		d.head.Memories = append(d.head.Memories, describeMemory(m, c.SharedMemory))
		d.head.Memories[0].ModuleName, d.head.Memories[0].ExportNames = "", nil // JavaScript has both
	}
	for _, m := range c.Inner.ImportedMemories() { // the pre-scan lets one memory through, imported or own
		add(m)
		d.head.ImportedMemories = 1
		return
	}
	for _, m := range c.Inner.ExportedMemories() {
		add(m)
		return
	}
}

// Text is what crosses when the module is described; large: the rest is asked for, piece by piece.
func (d *Description) Text() (text []byte, large bool) { return d.text, d.head.Large }

// Imported are the functions that it imports.
func (d *Description) Imported() []api.FunctionDefinition { return d.lines[:d.head.ImportedFunctions] }

func (d *Description) count() int { return len(d.lines) + len(d.globals.list) + len(d.tables.list) }

func (d *Description) line(line int) any {
	if line < len(d.lines) {
		return d.function(d.lines[line])
	}
	if line -= len(d.lines); line < len(d.globals.list) {
		return d.globals.record(line)
	}
	return d.tables.record(line - len(d.globals.list))
}

// Line is a LineRecord or an ExternRecord.
func (d *Description) Line(line uint32) (any, error) {
	if uint64(line) >= uint64(d.count()) {
		return nil, failure.Invalid("Expected a line of the description")
	}
	return d.line(int(line)), nil
}

// Find is the line of what is exported, plus 1; or 1 for a name of the memory. 0 where there is none of that name.
func (d *Description) Find(which uint32, name string) uint64 {
	switch which {
	case namesOfMemory:
		if _, ok := slices.BinarySearch(d.memoryNames, name); ok {
			return 1
		}
		return 0
	case namesOfGlobals:
		return d.globals.find(name, len(d.lines))
	case namesOfTables:
		return d.tables.find(name, len(d.lines)+len(d.globals.list))
	}
	if i, ok := slices.BinarySearch(d.names, name); ok {
		return uint64(d.lineOf[i]) + 1
	}
	return 0
}

// Which names wz_description_names tells.
const (
	namesOfFunctions = 0 // each with its line
	namesOfMemory    = 1
	namesOfSections  = 2
	namesOfLine      = 3 // the export names of what is in a line: all of them
	namesOfGlobals   = 4
	namesOfTables    = 5
)

// Names is as many as cross at once.
func (d *Description) Names(which, from uint32) (NamesRecord, error) {
	const most, mostBytes = 1000, 64 << 10
	var all []string
	switch which {
	case namesOfFunctions:
		all = d.names
	case namesOfMemory:
		all = d.memoryNames
	case namesOfSections:
		all = d.sections
	case namesOfGlobals:
		all = d.globals.names
	case namesOfTables:
		all = d.tables.names
	case namesOfLine:
		if uint64(from) >= uint64(d.count()) {
			return NamesRecord{}, failure.Invalid("Expected a line of the description")
		}
		return NamesRecord{Names: copied(d.exportNames(int(from)))}, nil
	default:
		return NamesRecord{}, failure.Invalid("Expected a kind of names")
	}
	if from > uint32(len(all)) {
		return NamesRecord{}, failure.Invalid("Expected the number of a name")
	}
	r := NamesRecord{Names: []string{}}
	for bytes, i := 0, int(from); i < len(all) && len(r.Names) < most && bytes < mostBytes; i++ {
		r.Names = append(r.Names, all[i])
		if which == namesOfFunctions {
			r.Lines = append(r.Lines, d.lineOf[i])
		}
		bytes += len(all[i])
	}
	return r, nil
}

func (d *Description) exportNames(line int) []string {
	if line < len(d.lines) {
		return d.lines[line].ExportNames()
	}
	if line -= len(d.lines); line < len(d.globals.list) {
		return d.globals.list[line].Names
	}
	return d.tables.list[line-len(d.globals.list)].Names
}

// function is a line. Its module's name is left out, for JavaScript has it; so are names of more than 64 KiB together.
func (d *Description) function(f api.FunctionDefinition) LineRecord {
	r := LineRecord{Index: f.Index(), Name: f.Name(), DebugName: f.DebugName(), ParamNames: []string{}, ResultNames: []string{}}
	if names := f.ExportNames(); NameBytes(names) <= mostNames {
		r.ExportNames = copied(names)
	}
	if NameBytes(f.ParamNames())+NameBytes(f.ResultNames()) <= mostNames {
		r.ParamNames, r.ResultNames = copied(f.ParamNames()), copied(f.ResultNames())
	}
	if module, name, ok := f.Import(); ok {
		r.Import = &importRecord{module, name}
	}
	r.Type = d.typeOf(f)
	return r
}

// mostNames is how many bytes of names cross with a line.
const mostNames = 64 << 10

// NameBytes is about what names take.
func NameBytes(names []string) (n int) {
	for _, name := range names {
		n += len(name) + 8
	}
	return n
}

// typeOf numbers the types of functions, so that each is told once: one of 1,000 parameters may be that of 50,000 functions.
func (d *Description) typeOf(f api.FunctionDefinition) int {
	params, results := f.ParamTypes(), f.ResultTypes()
	key := make([]byte, 0, len(params)+len(results)+1)
	for _, t := range params {
		key = append(key, TypeName(t)...)
	}
	key = append(key, '>')
	for _, t := range results {
		key = append(key, TypeName(t)...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n, known := d.types[string(key)]
	if !known {
		n = len(d.shown)
		d.types[string(key)] = n
		d.shown = append(d.shown, TypeRecord{TypeNames(params), TypeNames(results)})
	}
	return n
}

// Type is a type of functions by its number.
func (d *Description) Type(n uint32) (TypeRecord, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n >= uint32(len(d.shown)) {
		return TypeRecord{}, failure.Invalid("Expected the number of a type")
	}
	return d.shown[n], nil
}

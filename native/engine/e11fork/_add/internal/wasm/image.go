package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/internal/wasmdebug"
)

// Image is the state of an instance at rest, without the contents of its memory, which its host keeps. It is data and no more: functions
// stand in it by their index, so that it has no pointer into the instance that it was made of, can be written to a file, and fits every
// instance of the same module. It does not change.
type Image struct {
	// MemoryBytes is how long the memory is.
	MemoryBytes uint64
	// Globals are those that the module defines. Of a reference Lo is 1 + the index of the function, or 0 for null.
	Globals []GlobalImage
	// Tables are those that the module defines; elements as in Globals.
	Tables [][]uint32
	// Data and Elements tell for each segment whether it was dropped.
	Data, Elements []bool

	once     sync.Once
	prepared preparedImage
}

// GlobalImage is a value.
type GlobalImage struct{ Lo, Hi uint64 }

// preparedImage is what instances are made of. Slots are numbers of references: 0 is null, i+1 the function functions[i].
type preparedImage struct {
	functions []Index // ascending
	tables    [][]uint32
	globals   []uint32 // of those that are references, else 0
	elements  uint64   // of all tables
	// exportedTables has one for each export: to look through thousands of exports for each instance takes longer than to make it.
	exportedTables []Index
	template       atomic.Value
	slots          sync.Pool // of *[]Reference, by slot; slot 0 is null
	data           []DataInstance
}

// imageEngine is what both engines have for it.
type imageEngine interface {
	// IndexOfReference is that of a function which the instance defines or imports; false for one of another instance.
	IndexOfReference(Reference) (Index, bool)
	// References writes those to the functions by slot, into refs. What it returns as template, of the first instance, makes those of the next ones
	// cheaper.
	References(refs []Reference, functions []Index, template any) any
}

type imageKey struct{}

// WithImage has an instantiation with the returned context begin in the state of img.
func WithImage(ctx context.Context, img *Image) context.Context {
	return context.WithValue(ctx, imageKey{}, img)
}

func imageOf(ctx context.Context) *Image {
	img, _ := ctx.Value(imageKey{}).(*Image)
	return img
}

type beginningKey struct{}

// WithBeginning has an instantiation with the returned context give the state that it begins with, and the contents of its memory, to keep: before anything
// of the guest has run, if every other instance of the module begins with the same. Else keep is not called.
func WithBeginning(ctx context.Context, keep func(img *Image, memory []byte)) context.Context {
	return context.WithValue(ctx, beginningKey{}, keep)
}

// giveBeginning is called when segments were applied. An imported global, constant as it is, is another one for the next instance.
func (m *ModuleInstance) giveBeginning(ctx context.Context) {
	keep, _ := ctx.Value(beginningKey{}).(func(*Image, []byte))
	if keep == nil || m.Source.StartSection != nil || m.Source.ImportGlobalCount > 0 || m.MemoryInstance == nil {
		return
	}
	if img, obstacles := m.Freeze(); len(obstacles) == 0 && img != nil {
		keep(img, m.MemoryInstance.Buffer)
	}
}

// obstacles are what an instance would share with others, or could not have twice.
func (m *Module) obstacles() (all []string) {
	if m.IsHostModule {
		return []string{"it is a host module"}
	}
	add := func(what string, i *Import) {
		if text := what + " imported from " + wasmdebug.Shown(i.Module); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	for i := range m.ImportSection {
		switch imported := &m.ImportSection[i]; imported.Type {
		case ExternTypeMemory:
			add("memory", imported)
		case ExternTypeTable:
			add("table", imported)
		case ExternTypeTag:
			add("tag", imported)
		case ExternTypeGlobal:
			if imported.DescGlobal.Mutable {
				add("mutable global", imported)
			}
		}
	}
	if m.MemorySection != nil && m.MemorySection.IsShared {
		all = append(all, "shared memory")
	}
	return all
}

// Freeze takes the state of m, of which nothing runs. Where it cannot be taken obstacles are all that is in the way.
func (m *ModuleInstance) Freeze() (img *Image, obstacles []string) {
	source := m.Source
	obstacles = source.obstacles()
	engine, ok := m.Engine.(imageEngine)
	if !ok || len(obstacles) > 0 {
		return nil, obstacles
	}
	// encode answers one obstacle for each place: a table may hold thousands.
	encode := func(t ValueType, ref uint64, place string, index int) (uint32, bool) {
		if ref == 0 {
			return 0, true
		}
		what := ""
		switch t.Kind() {
		case RefTypeFuncref.Kind():
			if i, ok := engine.IndexOfReference(Reference(ref)); ok {
				return i + 1, true
			}
			what = "a function of another guest"
		case ValueTypeExternref.Kind():
			what = "an externref that is not null"
		default:
			what = "a reference to an exception"
		}
		obstacles = append(obstacles, fmt.Sprintf("%s in %s %d", what, place, index))
		return 0, false
	}
	img = &Image{}
	if m.MemoryInstance != nil {
		img.MemoryBytes = uint64(len(m.MemoryInstance.Buffer))
	}
	for i, g := range m.Globals[source.ImportGlobalCount:] {
		lo, hi := g.Value()
		if g.Type.ValType.IsRef() {
			index, _ := encode(g.Type.ValType, lo, "global", i+int(source.ImportGlobalCount))
			lo, hi = uint64(index), 0
		}
		img.Globals = append(img.Globals, GlobalImage{lo, hi})
	}
	for i, t := range m.Tables {
		refs := make([]uint32, len(t.References))
		for j, ref := range t.References {
			if refs[j], ok = encode(t.Type, uint64(ref), "table", i); !ok {
				break
			}
		}
		img.Tables = append(img.Tables, refs)
	}
	img.Data, img.Elements = make([]bool, len(source.DataSection)), make([]bool, len(source.ElementSection))
	for i := range m.DataInstances {
		img.Data[i] = len(m.DataInstances[i]) == 0
	}
	for i := range m.ElementInstances {
		img.Elements[i] = len(m.ElementInstances[i]) == 0
	}
	if len(obstacles) > 0 {
		return nil, obstacles
	}
	return img, nil
}

// SharedWith names what other, which is linked with m, has of it, beside functions.
func (m *ModuleInstance) SharedWith(other *ModuleInstance) (all []string) {
	add := func(what string) {
		if text := what + " used by " + wasmdebug.Shown(other.ModuleName); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	source := other.Source
	if source.ImportMemoryCount > 0 && other.MemoryInstance == m.MemoryInstance {
		add("memory")
	}
	for _, t := range other.Tables[:source.ImportTableCount] {
		if slices.Contains(m.Tables, t) {
			add("table")
		}
	}
	for _, t := range other.Tags[:source.ImportTagCount] {
		if slices.Contains(m.Tags, t) {
			add("tag")
		}
	}
	for _, g := range other.Globals[:source.ImportGlobalCount] {
		if g.Type.Mutable && slices.Contains(m.Globals, g) {
			add("mutable global")
		}
	}
	return all
}

var errForeignImage = errors.New("the image is not of this module")

// Check looks whether an image that comes from elsewhere is one of this module.
func (img *Image) Check(module *Module) error {
	if obstacles := module.obstacles(); len(obstacles) > 0 {
		return errForeignImage
	}
	functions := uint64(module.ImportFunctionCount) + uint64(len(module.FunctionSection))
	switch {
	case len(img.Globals) != len(module.GlobalSection), len(img.Tables) != len(module.TableSection),
		len(img.Data) != len(module.DataSection), len(img.Elements) != len(module.ElementSection):
		return errForeignImage
	case module.MemorySection == nil && img.MemoryBytes != 0:
		return errForeignImage
	}
	if memory := module.MemorySection; memory != nil {
		pages := img.MemoryBytes / uint64(MemoryPageSize)
		if img.MemoryBytes%uint64(MemoryPageSize) != 0 || pages < uint64(memory.Min) || pages > uint64(memory.Max) {
			return errForeignImage
		}
	}
	// A function must exist, and be of the type that whoever finds it there relies on.
	fits := func(t ValueType, index uint64) bool {
		switch {
		case index == 0:
			return t.IsNullable()
		case index > functions || t.Kind() != RefTypeFuncref.Kind():
			return false
		case !t.IsConcreteRef():
			return true
		}
		actual, err := module.constantType(ValueTypeFuncref, true, Index(index-1))
		return err == nil && isRefSubtypeOf(actual, t)
	}
	for i := range img.Globals {
		if t := module.GlobalSection[i].Type.ValType; t.IsRef() && !fits(t, img.Globals[i].Lo) {
			return errForeignImage
		}
	}
	for i, refs := range img.Tables {
		t := &module.TableSection[i]
		if len(refs) < int(t.Min) || t.Max != nil && len(refs) > int(*t.Max) {
			return errForeignImage
		}
		for _, ref := range refs {
			if !fits(t.Type, uint64(ref)) {
				return errForeignImage
			}
		}
	}
	return nil
}

func (img *Image) prepare(module *Module) *preparedImage {
	img.once.Do(func() {
		p := &img.prepared
		for i := range img.Globals {
			if lo := img.Globals[i].Lo; lo != 0 && module.GlobalSection[i].Type.ValType.IsRef() {
				p.functions = append(p.functions, Index(lo-1))
			}
		}
		for _, refs := range img.Tables {
			p.elements += uint64(len(refs))
			for _, ref := range refs {
				if ref != 0 {
					p.functions = append(p.functions, ref-1)
				}
			}
		}
		for _, exp := range module.Exports {
			if exp.Type == ExternTypeTable {
				p.exportedTables = append(p.exportedTables, exp.Index)
			}
		}
		slices.Sort(p.functions)
		p.functions = slices.Compact(p.functions)
		p.slots.New = func() any {
			refs := make([]Reference, 1+len(p.functions))
			return &refs
		}
		if module.DataCountSection != nil { // else there is no instruction that names one
			p.data = make([]DataInstance, len(img.Data))
			for i, dropped := range img.Data {
				if !dropped {
					p.data[i] = module.DataSection[i].Init
				}
			}
		}
		slot := func(ref uint32) uint32 {
			if ref == 0 {
				return 0
			}
			i, _ := slices.BinarySearch(p.functions, ref-1)
			return uint32(i + 1)
		}
		p.globals = make([]uint32, len(img.Globals))
		for i := range img.Globals {
			if module.GlobalSection[i].Type.ValType.IsRef() {
				p.globals[i] = slot(uint32(img.Globals[i].Lo))
			}
		}
		p.tables = make([][]uint32, len(img.Tables))
		for i, refs := range img.Tables {
			p.tables[i] = make([]uint32, len(refs))
			for j, ref := range refs {
				p.tables[i][j] = slot(ref)
			}
		}
	})
	return &img.prepared
}

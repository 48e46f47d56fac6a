package wasm

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/expctxkeys"
	"github.com/tetratelabs/wazero/internal/nodehost"
	internalsys "github.com/tetratelabs/wazero/internal/sys"
)

// instantiateImage is instantiate for an instance that begins in the state of an image: nothing of the module runs, and no segment is applied.
// It imports as any other.
func (s *Store) instantiateImage(ctx context.Context, img *Image, module *Module, name string, sysCtx *internalsys.Context,
	typeIDs []FunctionTypeID) (*ModuleInstance, error) {
	p := img.prepare(module)
	s.exceptions.instantiating(module)
	m := &ModuleInstance{ModuleName: name, TypeIDs: typeIDs, Sys: sysCtx, s: s, Source: module, Files: nodehost.FilesOf(ctx)}
	m.Tables = make([]*TableInstance, len(module.TableSection))
	m.Globals = make([]*GlobalInstance, int(module.ImportGlobalCount)+len(module.GlobalSection))
	m.Tags = make([]*TagInstance, len(module.TagSection))
	var err error
	if m.Engine, err = s.Engine.NewModuleEngine(module, m); err != nil {
		return nil, err
	}
	if err = m.resolveImports(ctx, module); err != nil {
		return nil, err
	}
	if err = m.limitTables(module, nodehost.TableLimitOf(ctx)); err != nil {
		return nil, err
	}
	if err = m.tableLimit.takeImage(p.elements); err != nil {
		return nil, err
	}
	refs := p.references(m)
	m.buildImageGlobals(img, *refs)
	m.buildImageTables(p, *refs)
	p.slots.Put(refs)
	m.buildTags(module)
	allocator, _ := ctx.Value(expctxkeys.MemoryAllocatorKey{}).(experimental.MemoryAllocator)
	m.buildImageMemory(img, allocator)
	m.Exports = module.Exports
	for _, index := range p.exportedTables {
		t := m.Tables[index]
		t.involvingModuleInstances = append(t.involvingModuleInstances, m)
	}
	m.restoreSegments(img)
	m.Engine.DoneInstantiation()
	return m, nil
}

// references are by slot. They go back to p.slots.
func (p *preparedImage) references(m *ModuleInstance) *[]Reference {
	refs, template := p.slots.Get().(*[]Reference), p.template.Load()
	made := m.Engine.(imageEngine).References(*refs, p.functions, template)
	if template == nil && made != nil {
		p.template.Store(made)
	}
	return refs
}

func (m *ModuleInstance) buildImageGlobals(img *Image, refs []Reference) {
	imported := int(m.Source.ImportGlobalCount)
	own := make([]GlobalInstance, len(img.Globals))
	owned := m.Engine.OwnsGlobals()
	for i := range own {
		g, section := &own[i], &m.Source.GlobalSection[i]
		if owned {
			g.Me, g.Index = m.Engine, Index(imported+i)
		}
		g.Type = section.Type
		g.Type.ValType = m.storeType(section.Type.ValType)
		g.Val, g.ValHi = img.globalValue(i, refs)
		m.Globals[imported+i] = g
	}
}

func (img *Image) globalValue(i int, refs []Reference) (lo, hi uint64) {
	if slot := img.prepared.globals[i]; slot != 0 {
		return uint64(refs[slot]), 0
	}
	return img.Globals[i].Lo, img.Globals[i].Hi
}

func (m *ModuleInstance) buildImageTables(p *preparedImage, refs []Reference) {
	for i := range m.Tables {
		section := &m.Source.TableSection[i]
		m.Tables[i] = &TableInstance{Min: section.Min, Max: section.Max, Type: m.storeType(section.Type), limit: m.tableLimit}
		m.Tables[i].restore(p.tables[i], refs)
	}
}

func (t *TableInstance) restore(slots []uint32, refs []Reference) {
	if cap(t.References) < len(slots) {
		t.References = make([]Reference, len(slots))
	}
	t.References = t.References[:len(slots):len(slots)]
	for i, slot := range slots {
		t.References[i] = refs[slot]
	}
}

// buildImageMemory has the host's allocator make the memory as long as it is in the image; what is in it comes from the host, too.
func (m *ModuleInstance) buildImageMemory(img *Image, allocator experimental.MemoryAllocator) {
	section := m.Source.MemorySection
	if section == nil {
		return
	}
	begins := *section
	begins.Min = uint32(img.MemoryBytes / uint64(MemoryPageSize))
	begins.Cap = max(begins.Cap, begins.Min)
	m.MemoryInstance = NewMemoryInstance(&begins, allocator, m.Engine)
	m.MemoryInstance.Min = section.Min
	m.MemoryInstance.definition = &m.Source.MemoryDefinitionSection[0]
}

// restoreSegments is of those that instructions of the module may name.
func (m *ModuleInstance) restoreSegments(img *Image) {
	source := m.Source
	m.restoreData(img.prepared.data)
	dropped, have := 0, m.ElementInstances != nil
	for i := range img.Elements {
		if img.Elements[i] {
			dropped++
		} else if have && len(m.ElementInstances[i]) == 0 {
			have = false
		}
	}
	if !have && dropped < len(img.Elements) {
		old := m.ElementInstances
		m.buildElementInstances(source.ElementSection)
		if old != nil { // whose address is in the module's context
			copy(old, m.ElementInstances)
			m.ElementInstances = old
		}
	} else if m.ElementInstances == nil {
		m.ElementInstances = make([]ElementInstance, len(img.Elements))
	}
	for i := range img.Elements {
		if img.Elements[i] {
			m.ElementInstances[i] = nil
		}
	}
}

// restoreData copies the headers of data segments as words, to where the collector does not look: the module has what they point to.
func (m *ModuleInstance) restoreData(data []DataInstance) {
	if len(data) == 0 {
		return
	}
	wordsOf := func(headers []DataInstance) []uint64 {
		return unsafe.Slice((*uint64)(unsafe.Pointer(&headers[0])), len(headers)*int(unsafe.Sizeof(headers[0])/8))
	}
	if m.DataInstances == nil {
		words := append([]uint64(nil), wordsOf(data)...)
		m.DataInstances = unsafe.Slice((*DataInstance)(unsafe.Pointer(&words[0])), len(data))
		return
	}
	copy(wordsOf(m.DataInstances), wordsOf(data))
}

// takeImage sets what the tables of an image take.
func (l *tableLimit) takeImage(elements uint64) error {
	switch {
	case l == nil:
		return nil
	case elements > l.most:
		return fmt.Errorf("table[0] needs %d elements with those of the image, more than the limit of %d", elements, l.most)
	case elements > l.used && !nodehost.MayAllocate((elements-l.used)*bytesOfElement):
		return fmt.Errorf("table[0] needs %d elements, more than the limit of the memory that is left", elements)
	case elements > l.used && l.also != nil && !l.also.Take(elements-l.used):
		return fmt.Errorf("table[0] needs %d elements with those of the image, more than the limit of its tenant", elements)
	}
	l.used = max(l.used, elements)
	return nil
}

// Reset puts an instance that was made of img back into its state; nothing of it runs. buffer is its memory, which the host has reset; sysCtx is
// new, and the old one closed already.
func (m *ModuleInstance) Reset(img *Image, buffer []byte, sysCtx *internalsys.Context) {
	p := img.prepare(m.Source)
	m.Sys = sysCtx
	refs := p.references(m)
	imported := m.Source.ImportGlobalCount
	for i := range img.Globals {
		m.Globals[int(imported)+i].SetValue(img.globalValue(i, *refs))
	}
	for i, t := range m.Tables {
		t.restore(p.tables[i], *refs)
	}
	p.slots.Put(refs)
	if m.tableLimit != nil {
		m.tableLimit.backTo(p.elements)
	}
	m.restoreSegments(img)
	if mem := m.MemoryInstance; mem != nil {
		mem.Buffer, mem.Cap = buffer, memoryBytesNumToPages(uint64(cap(buffer)))
		m.Engine.MemoryGrown()
	}
}

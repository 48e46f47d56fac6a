package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/expctxkeys"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// MakeExtern makes an instance that has what the module says, one memory, table, global or tag, which it exports without a name, and no code: nothing
// is compiled for it. lo and hi are what a global begins with. It is closed as any other.
func (s *Store) MakeExtern(ctx context.Context, module *Module, lo, hi uint64) (*ModuleInstance, error) {
	typeIDs, err := s.GetFunctionTypeIDs(module.TypeSection)
	if err != nil {
		return nil, err
	}
	m := &ModuleInstance{TypeIDs: typeIDs, s: s, Source: module, Exports: module.Exports}
	m.Engine = s.Engine.(interface {
		NewMadeEngine(*Module, *ModuleInstance) ModuleEngine
	}).NewMadeEngine(module, m)
	m.Tables = make([]*TableInstance, len(module.TableSection))
	m.Tags = make([]*TagInstance, len(module.TagSection))
	if err = m.limitTables(module, nodehost.TableLimitOf(ctx)); err != nil {
		return nil, err
	}
	if err = m.buildTables(module, true); err != nil {
		return nil, err
	}
	for _, t := range m.Tables {
		t.involvingModuleInstances = append(t.involvingModuleInstances, m)
	}
	for i := range module.GlobalSection {
		g := &GlobalInstance{Type: module.GlobalSection[i].Type, Val: lo, ValHi: hi}
		if m.Engine.OwnsGlobals() {
			g.Me, g.Index = m.Engine, Index(i)
		}
		m.Globals = append(m.Globals, g)
	}
	m.buildTags(module)
	allocator, _ := ctx.Value(expctxkeys.MemoryAllocatorKey{}).(experimental.MemoryAllocator)
	m.buildMemory(module, allocator)
	m.Engine.DoneInstantiation()
	if err = s.registerModule(m); err != nil {
		_ = m.Close(ctx)
		return nil, err
	}
	return m, nil
}

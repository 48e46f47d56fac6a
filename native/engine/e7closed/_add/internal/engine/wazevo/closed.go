package wazevo

import (
	"context"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Native code finds a function of another instance in one of two places: a functionInstance (what tables, globals and
// funcref values point to), or the copy of its first fields that each importer has in its opaque. Both begin with the
// address of the code. Closing an instance stores the address of a stub there, which exits with ExitCodeCalleeClosed:
// calls of open instances cost nothing.

// callUnlessClosed is the way into callWithStack.
func (c *callEngine) callUnlessClosed(ctx context.Context, paramResultStack []uint64) error {
	if c.execCtx.exitCode == wazevoapi.ExitCodeOK { // else it has been entered already, and is only continued
		if err := c.parent.module.FailIfClosed(); err != nil {
			return err
		}
	}
	return c.callWithStack(ctx, paramResultStack)
}

// gate is what a moduleEngine needs to close its functions.
type gate struct {
	mux    sync.Mutex
	closed bool
	// importers hold copies of functions of this instance. Weak: an importer may be dropped long before its exporter.
	importers []weak.Pointer[moduleEngine]
	// references are the functionInstances that exist, by local function index. One for each function, however often
	// a guest asks: upstream makes a new one for each ref.func and keeps them all.
	references map[wasm.Index]*functionInstance
}

// ModuleClosed is called when the instance closes.
func (m *moduleEngine) ModuleClosed() {
	if m.module.Source.IsHostModule {
		return // not guest code
	}
	m.gate.mux.Lock()
	defer m.gate.mux.Unlock()
	m.gate.closed = true
	for _, f := range m.gate.references {
		storeExecutable(&f.executable, m.closedStub())
	}
	for _, w := range m.gate.importers {
		if importer := w.Value(); importer != nil {
			for i := range importer.importedFunctions {
				if importer.importedFunctions[i].me == m {
					offset, _, _ := importer.parent.offsets.ImportedFunctionOffset(wasm.Index(i))
					storeExecutable((**byte)(unsafe.Pointer(&importer.opaque[offset])), m.closedStub())
				}
			}
		}
	}
	m.gate.importers = nil
}

// closedStub is code that can be entered in the place of any function of this instance.
func (m *moduleEngine) closedStub() *byte { return m.parent.sharedFunctions.calleeClosedAddress }

// storeExecutable is atomic because guests of other instances may be calling.
func storeExecutable(at **byte, code *byte) {
	atomic.StoreUintptr((*uintptr)(unsafe.Pointer(at)), uintptr(unsafe.Pointer(code)))
}

// importedBy puts the importer's copy of a function, at a place in its opaque, under the gate.
func (m *moduleEngine) importedBy(importer *moduleEngine, executable **byte) {
	if m.module.Source.IsHostModule {
		return
	}
	g := &m.gate
	g.mux.Lock()
	defer g.mux.Unlock()
	if g.closed {
		storeExecutable(executable, m.closedStub())
		return
	}
	w := weak.Make(importer)
	if n := len(g.importers); n > 0 && g.importers[n-1] == w {
		return // another function of the same import section
	}
	if len(g.importers) == cap(g.importers) {
		live := make([]weak.Pointer[moduleEngine], 0, len(g.importers)+1)
		for _, w := range g.importers {
			if importer := w.Value(); importer != nil && importer.module.Closed.Load() == 0 {
				live = append(live, w)
			}
		}
		g.importers = append(make([]weak.Pointer[moduleEngine], 0, 2*len(live)+1), live...)
	}
	g.importers = append(g.importers, w)
}

// functionReference returns the one functionInstance of a function of this instance.
func (m *moduleEngine) functionReference(funcIndex wasm.Index) *functionInstance {
	g := &m.gate
	g.mux.Lock()
	defer g.mux.Unlock()
	f := g.references[funcIndex]
	if f == nil {
		localIndex := funcIndex - m.module.Source.ImportFunctionCount
		f = &functionInstance{
			executable:             &m.parent.executable[m.parent.functionOffsets[localIndex]],
			moduleContextOpaquePtr: m.opaquePtr,
			typeID:                 m.module.TypeIDs[m.module.Source.FunctionSection[localIndex]],
			indexInModule:          funcIndex,
		}
		if g.closed {
			f.executable = m.closedStub()
		}
		if g.references == nil {
			g.references = map[wasm.Index]*functionInstance{}
		}
		g.references[funcIndex] = f
	}
	return f
}

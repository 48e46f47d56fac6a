package wazevo

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime"

	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/backend"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// HasCode tells whether there is code of that nodehost.Exchange.ID.
func (e *engine) HasCode(id [32]byte) bool {
	e.mux.RLock()
	defer e.mux.RUnlock()
	_, ok := e.compiledModules[id]
	return ok
}

// takeCode takes the code of an Exchange; ok is false where it has none.
func (e *engine) takeCode(ctx context.Context, module *wasm.Module, listeners []experimental.FunctionListener, ensureTermination bool) (ok bool, err error) {
	x := nodehost.ExchangeOf(ctx)
	if !x.IsVerified() {
		return false, nil
	}
	if len(x.Code) == 0 {
		return false, nodehost.ErrNoCode
	}
	cm := &compiledModule{
		executables:       &executables{},
		parent:            e,
		module:            module,
		ensureTermination: ensureTermination,
		listeners:         listeners,
		offsets:           wazevoapi.NewModuleContextOffsetData(module, len(listeners) > 0),
		sharedFunctions:   e.sharedFunctions,
	}
	if err := cm.decodeData(x.Data, x.Code); err != nil {
		return false, err
	}
	if len(cm.functionOffsets) != len(module.FunctionSection) {
		return false, errors.New("the code is not that of this module")
	}
	if err := platform.MprotectCodeSegment(x.Code); err != nil {
		return false, err
	}
	machine := newMachine()
	cm.compileEntryPreambles(module, machine, backend.NewCompiler(ctx, machine, ssa.NewBuilder()))
	cm.executable, x.Taken = x.Code, true
	e.setFinalizer(cm.executables, executablesFinalizer)
	e.addListeners(module, cm)
	e.addCompiledModuleToMemory(module, cm)
	return true, nil
}

func (e *engine) addListeners(module *wasm.Module, cm *compiledModule) {
	if len(cm.listeners) == 0 {
		return
	}
	cm.listenerBeforeTrampolines = make([]*byte, len(module.TypeSection))
	cm.listenerAfterTrampolines = make([]*byte, len(module.TypeSection))
	for i := range module.TypeSection {
		cm.listenerBeforeTrampolines[i], cm.listenerAfterTrampolines[i] = e.getListenerTrampolineForType(&module.TypeSection[i])
	}
}

// giveCode is called with what a compilation has made.
func giveCode(ctx context.Context, cm *compiledModule) {
	x := nodehost.ExchangeOf(ctx)
	if x == nil || x.Compiled == nil || len(cm.executable) == 0 {
		return
	}
	x.Compiled(cm.encodeData(), cm.executable)
	runtime.KeepAlive(cm.executables)
}

// encodeData is what belongs to the code: where functions begin, the clauses of each try_table, and the source map.
func (cm *compiledModule) encodeData() []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, 8*len(cm.functionOffsets)+len(cm.sourceMap.index)+len(cm.sourceMap.places)+64)
	b = le.AppendUint64(b, uint64(len(cm.functionOffsets)))
	for _, offset := range cm.functionOffsets {
		b = le.AppendUint64(b, uint64(offset))
	}
	b = le.AppendUint64(b, uint64(len(cm.catchClauseTable)))
	for _, clauses := range cm.catchClauseTable {
		b = le.AppendUint64(b, uint64(len(clauses)))
		for _, c := range clauses {
			b = le.AppendUint64(b, uint64(c.Kind)<<32|uint64(c.TagIndex))
		}
	}
	return cm.sourceMap.appendTo(b)
}

// decodeData undoes encodeData; the source map keeps the bytes. They have been checked as a whole, so an error here is one of encodeData.
func (cm *compiledModule) decodeData(data, code []byte) (err error) {
	errData := errors.New("the data of the code is too short")
	next := func() (v uint64) {
		if len(data) < 8 {
			err = errData
			return 0
		}
		v, data = binary.LittleEndian.Uint64(data), data[8:]
		return v
	}
	count := func() int {
		n := next()
		if n > uint64(len(data)/8) {
			err = errData
			return 0
		}
		return int(n)
	}
	cm.functionOffsets = make([]int, count())
	for i := range cm.functionOffsets {
		if cm.functionOffsets[i] = int(next()); uint(cm.functionOffsets[i]) >= uint(len(code)) {
			return errors.New("a function begins outside of the code")
		}
	}
	cm.catchClauseTable = make([][]wazevoapi.CatchClauseInstance, count())
	for i := range cm.catchClauseTable {
		clauses := make([]wazevoapi.CatchClauseInstance, count())
		for j := range clauses {
			c := next()
			clauses[j] = wazevoapi.CatchClauseInstance{Kind: byte(c >> 32), TagIndex: uint32(c)}
		}
		cm.catchClauseTable[i] = clauses
	}
	if err != nil {
		return err
	}
	var ok bool
	if cm.sourceMap, data, ok = readSourceMap(data); !ok {
		return errData
	}
	if len(data) > 0 {
		return errors.New("the data of the code is too long")
	}
	return nil
}

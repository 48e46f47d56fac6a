package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/arena"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
	"wazeronode/headroom"
)

// made is a memory, table, global or tag that the host makes. It is an instance to everybody else: a member of a link group with an account, which is
// closed and released as all are. It has no code, and exports what it is without a name.
type made struct {
	kind     uint32
	types    []api.ValueType
	min, max uint32
	flags    uint32
	words    [2]uint64 // of a global
	tenant   handles.Handle
}

func (x *made) is(flag uint32) bool { return x.flags&flag != 0 }

func (rt *runtimeState) makeExtern(x *made) (*moduleState, error) {
	if rt.isClosed() {
		return nil, failure.Closed("the runtime is closed")
	}
	account, err := openAccount(x.tenant)
	if err != nil {
		return nil, err
	}
	m := &moduleState{rt: rt, account: account, config: &moduleConfig{}, sharedMemory: x.kind == abi.ExternMemory && x.is(abi.MadeShared),
		functions: map[string]*functionState{}, memories: map[api.Memory]handles.Handle{}, globals: map[string]*globalState{}}
	m.Self, m.Group = m, &frames.Group{}
	err = failure.Protect(func() error {
		inner, err := m.make(x)
		if err == nil {
			m.adopt(inner)
		}
		return err
	})
	if err != nil {
		m.reserved.Release() // where no memory was made
		m.account.GiveAll(accounts.Elements)
		m.closeAccount()
		m.Group.ReleaseAtRest()
		return nil, failure.Classify(err, failure.CodeLink)
	}
	m.handle = handles.Add(handles.Module, m)
	m.Hold()
	m.Group.Add(&m.Member)
	rt.own(m)
	return m, nil
}

func (m *moduleState) make(x *made) (api.Module, error) {
	ctx := context.Background()
	switch x.kind {
	case abi.ExternMemory:
		return m.makeMemory(experimental.WithMemoryAllocator(ctx, m), x)
	case abi.ExternTable:
		var most *uint32
		if x.is(abi.MadeHasMax) {
			most = &x.max
		}
		return makeTable(withTableLimit(ctx, m.tableElements(), m.account), m.rt.inner, x.types[0], x.min, most)
	case abi.ExternGlobal:
		return makeGlobal(ctx, m.rt.inner, x.types[0], x.is(abi.MadeMutable), x.words[0], x.words[1])
	case abi.ExternTag:
		return makeTag(ctx, m.rt.inner, x.types)
	}
	return nil, failure.Invalid("Expected an extern of a kind that there is")
}

// makeMemory: as of a module that says the same.
func (m *moduleState) makeMemory(ctx context.Context, x *made) (api.Module, error) {
	limit := m.rt.config.pages()
	if x.min > limit {
		return nil, failure.Limit("memoryPages", fmt.Sprintf("a memory of %d pages is over the limit memoryPages of %d", x.min, limit))
	}
	if n := uint64(x.min) << 16; (headroom.Limited() || n > 1<<20) && !headroom.AllowsPieces(n) {
		return nil, failure.Limit("totalMemoryBytes", fmt.Sprintf("the process has not enough memory left for one of %d KiB", n>>10))
	}
	most := limit
	if x.is(abi.MadeHasMax) {
		most = min(x.max, limit)
	}
	capacity := x.min
	if m.rt.config.memoryCapacityFromMax {
		capacity = most
	}
	if !m.sharedMemory && m.rt.guards(m.rt.guardPages()) {
		if m.reserved = arena.Guard(uint64(x.min) << 16); m.reserved == nil && m.rt.config.guardPages == abi.GuardPagesAlways {
			return nil, noMoreGuarded("memories")
		}
		m.guardedMemory = m.reserved != nil
	}
	return makeMemory(ctx, m.rt.inner, x.min, capacity, most, x.is(abi.MadeHasMax), m.sharedMemory)
}

// typesOf are value types as JavaScript says them: their names with commas between them.
func typesOf(names string) ([]api.ValueType, error) {
	if names == "" {
		return nil, nil
	}
	return describe.ParseTypes(strings.Split(names, ","))
}

// join makes one link group of two instances: something of one is about to be in a table or global of the other. Only while both are at rest, or inside a
// synchronous call on this thread.
func (m *moduleState) join(other *moduleState) error {
	if m.IsClosed() || !m.Link(&other.Member, true) {
		return errClosedModule
	}
	return nil
}

// tableState is a table as JavaScript holds it: one that a module exports. To be used only while nothing of the link group runs on another thread.
type tableState struct {
	module *moduleState
	inner  hostTable
}

// exportedTable finds an exported table; 0 if there is none of that name.
func (m *moduleState) exportedTable(name string) (handles.Handle, hostTable, error) {
	if m.IsClosed() || m.inner == nil {
		return 0, hostTable{}, errClosedModule
	}
	inner, ok := exportedTable(m.inner, name)
	if !ok {
		return 0, hostTable{}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.own(handles.Table, &tableState{m, inner}), inner, nil
}

// findTable is nil where it is closed.
func findTable(h handles.Handle) *tableState {
	t, _ := handles.Get(h, handles.Table).(*tableState)
	if t == nil || t.module.IsClosed() {
		return nil
	}
	return t
}

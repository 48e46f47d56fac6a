package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/failure"
	"wazeronode/handles"
	"wazeronode/prescan"
)

// externRecord is one row of externs of config_fields.def.
type externRecord struct {
	name   string
	module handles.Handle
	index  uint32 // 0: by its name; else 1 + that of a function, exported or not, or 1: the memory
}

// extern is what one import is: an export of an instance, or, where that is nil, the next function of the template.
type extern struct {
	from  *moduleState
	name  string
	index uint32 // as of an externRecord
}

// lists: JavaScript says of each import what it is, by position.
func (c *moduleConfig) lists() bool { return c.hostTemplate != 0 || len(c.externs) > 0 }

// linkExterns is link for a list.
func (i *instantiation) linkExterns() error {
	kinds, given, hosts := i.compiled.importKinds, i.config.externs, 0
	if given == nil { // all are functions of JavaScript
		given = make([]externRecord, len(kinds))
	}
	if len(given) != len(kinds) {
		return failure.Invalid(fmt.Sprintf("Expected %d imports but received %d", len(kinds), len(given)))
	}
	i.externs = make([]extern, len(given))
	type link struct {
		handle handles.Handle
		joins  bool
	}
	linked := map[link]*moduleState{}
	for n, e := range given {
		if e.module == 0 {
			if kinds[n] != prescan.KindFunction {
				return failure.Invalid(fmt.Sprintf("Expected what gives import %d but received a function", n))
			}
			hosts++
			continue
		}
		l := link{e.module, kinds[n] != prescan.KindSharedMemory}
		from := linked[l]
		if from == nil {
			from, _ = handles.Get(l.handle, handles.Module).(*moduleState)
			if from == nil || !i.module.linkWith(from, l.joins) {
				return failure.Closed(fmt.Sprintf("the module of import %d is closed", n))
			}
			linked[l] = from
		}
		i.externs[n] = extern{from, e.name, e.index}
	}
	if hosts == 0 {
		return nil
	}
	template, err := handles.Lookup[*compiledState](i.config.hostTemplate, handles.Compiled)
	if err != nil {
		return err
	}
	if !template.host || template.rt != i.module.rt {
		return failure.Invalid("Expected a host module of the same runtime for functions that are imported")
	}
	if n := len(template.hostFunctions); engineEdited && n != hosts {
		return failure.Invalid(fmt.Sprintf("Expected a host module of %d functions but received one of %d", hosts, n))
	}
	i.template = template
	return nil
}

// memoryFrom is the instance that it imports a memory from, or nil.
func (i *instantiation) memoryFrom() *moduleState {
	if i.externs == nil {
		return i.imported[i.compiled.memory.From]
	}
	if n := strings.IndexAny(i.compiled.importKinds, string([]rune{prescan.KindMemory, prescan.KindSharedMemory})); n >= 0 {
		return i.externs[n].from
	}
	return nil
}

// withImports tells wazero what the imports are.
func (i *instantiation) withImports(ctx context.Context) (context.Context, error) {
	if i.externs == nil {
		return experimental.WithImportResolver(ctx, func(name string) api.Module { return i.resolve(ctx, name) }), nil
	}
	var host api.Module
	var err error
	if i.template != nil {
		if target := i.compiled.log; target != nil {
			host, err = i.module.loggedHost(ctx, i.template, i.config.hostBase, target)
		} else {
			host, err = i.template.hostInstance(i.config.hostBase)
		}
		if err != nil {
			return nil, failure.Classify(err, failure.CodeLink)
		}
	}
	list := make([]externOf, len(i.externs))
	hosts := uint32(0)
	for n, e := range i.externs {
		switch {
		case e.from == nil:
			list[n] = externOf{Module: host, Function: hosts, IsHost: true}
			hosts++
		case e.from.inner == nil:
			return nil, notInstantiated(e.from.config.label())
		case e.from.IsClosed(): // since it was linked with: its memory is kept, but nothing of it is to run
			return nil, failure.Closed(fmt.Sprintf("the module of import %d is closed", n))
		case e.index > 0:
			list[n] = externOf{Module: e.from.inner, Function: e.index - 1, ByIndex: true}
		default:
			list[n] = externOf{Module: e.from.inner, Name: e.name}
		}
	}
	return withExterns(ctx, list), nil
}

// label is for messages.
func (c *moduleConfig) label() string {
	if c.name == nil {
		return ""
	}
	return *c.name
}

package main

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"wazeronode/failure"
	"wazeronode/handles"
)

// What an instance imports from is said by JavaScript, by handle, when the instantiation is prepared, and by nobody else: wazero's own
// registry of names is never asked. An instance that wazero linked and that is in no group with what it imports from (its name was taken
// meanwhile, or JavaScript knew it as closed) ran in a memory which was given to another guest when its owner was closed.

// link makes one group of the instance and those that it imports from, or has it keep what it shares with them.
func (i *instantiation) link() error {
	if i.config.lists() {
		return i.linkExterns()
	}
	i.imported = make(map[string]*moduleState, len(i.compiled.imports))
	for _, imported := range i.compiled.imports {
		h := i.config.imports[imported.Name]
		if h == 0 {
			continue // said in its turn: a configuration that wazero refuses comes first
		}
		from, _ := handles.Get(h, handles.Module).(*moduleState)
		if from == nil || !i.module.linkWith(from, imported.Joins) {
			return closedImport(imported.Name)
		}
		i.imported[imported.Name] = from
	}
	return nil
}

// linkWith is false where the other module is closed, and its memory perhaps released.
func (m *moduleState) linkWith(from *moduleState, joins bool) bool {
	if from.host {
		return !from.IsClosed()
	}
	return m.Link(&from.Member, joins)
}

// resolve is wazero's question what a name means. It never answers nil, upon which wazero would look for the name in its registry.
func (i *instantiation) resolve(ctx context.Context, name string) api.Module {
	from := i.imported[name]
	if from == nil || from.inner == nil {
		panic(notInstantiated(name))
	}
	if from.IsClosed() { // since it was linked with: its memory is kept, but nothing of it is to run
		panic(closedImport(name))
	}
	if target := i.compiled.log; target != nil && from.host {
		twin, err := i.module.loggedHost(ctx, from.source, from.config.hostBase, target)
		if err != nil {
			panic(err)
		}
		return twin
	}
	return from.inner
}

// notInstantiated is wazero's own sentence.
func notInstantiated(name string) *failure.Error {
	return &failure.Error{Code: failure.CodeLink, Message: fmt.Sprintf("module[%s] not instantiated", name)}
}

func closedImport(name string) *failure.Error {
	return failure.Closed(fmt.Sprintf("module[%s] is closed", name))
}

// checkLinks looks at what wazero has linked, whatever it was told: every other guest must be in this one's group, or be kept by it.
func (i *instantiation) checkLinks(inner api.Module) error {
	known := map[api.Module]*moduleState{}
	for _, from := range i.imported {
		known[from.inner] = from
	}
	for _, e := range i.externs {
		if e.from != nil {
			known[e.from.inner] = e.from
		}
	}
	for _, other := range importedBy(inner) {
		from := known[other]
		switch {
		case from == nil:
			return failure.Violated(fmt.Sprintf("module[%s] was linked with module[%s], which it was not told of", inner.Name(), other.Name()))
		case !i.module.Group.Keeps(from.Group):
			return failure.Violated(fmt.Sprintf("module[%s] was linked with module[%s], but not joined", inner.Name(), other.Name()))
		}
	}
	return nil
}

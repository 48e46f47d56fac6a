package main

import (
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// instance stands for wazero's.
type instance struct {
	api.Module
	closed bool
}

func (i *instance) IsClosed() bool { return i.closed }

func openModule(t *testing.T) *moduleState {
	t.Helper()
	m := &moduleState{group: &group{}, inner: &instance{}}
	m.group.addModule(m)
	return m
}

func TestWhatIsClosedIsNotLinkedWith(t *testing.T) {
	for _, joins := range []bool{true, false} {
		library, user := openModule(t), &moduleState{group: &group{}}
		library.inner.(*instance).closed = true // by its guest, and nobody has looked since
		if user.linkWith(library, joins) {
			t.Fatal("linked with a closed module")
		}
		library.noteClosed()
		if closed := library.group.newlyClosed(); len(closed) != 1 || closed[0] != library {
			t.Fatal("not found closed: ", closed)
		}
		if user.linkWith(library, joins) || user.group.keeps(library.group) {
			t.Fatal("linked with a closed module")
		}
	}
}

func TestALinkKeepsWhatItIsTo(t *testing.T) {
	for _, joins := range []bool{true, false} {
		library, user := openModule(t), &moduleState{group: &group{}, inner: &instance{}}
		if !user.linkWith(library, joins) || !user.group.keeps(library.group) {
			t.Fatal("linked, but not kept")
		}
		if library.group.keeps(user.group) != joins {
			t.Fatal("a library keeps its user only where they are one group")
		}
		user.group.addModule(user)
		library.inner.(*instance).closed = true
		library.noteClosed()
		library.group.newlyClosed()
		if len(user.group.find().modules) != 1 || !user.group.keeps(library.group) {
			t.Fatal("the library's group was given up while it is used")
		}
	}
}

func TestAGroupFindsWhatWasMarkedOnly(t *testing.T) {
	g := &group{}
	var all []*moduleState
	for range 1000 {
		m := &moduleState{group: &group{}, inner: &instance{}}
		m.group.addModule(m)
		groupsMu.Lock()
		m.group.join(g)
		groupsMu.Unlock()
		all = append(all, m)
	}
	if closed := g.newlyClosed(); closed != nil {
		t.Fatal("found closed: ", closed)
	}
	for _, m := range all[:2] {
		m.inner.(*instance).closed = true
		m.noteClosed()
		m.noteClosed() // by wazero, and by us
	}
	if closed := g.newlyClosed(); len(closed) != 2 {
		t.Fatal("Expected two that are closed but found ", len(closed))
	}
	if closed := g.newlyClosed(); closed != nil || len(g.find().modules) != 998 {
		t.Fatal("found twice: ", closed)
	}
}

package frames

import "testing"

func openModule(t *testing.T) *instance {
	t.Helper()
	m := newInstance()
	m.Group.Add(&m.Member)
	return m
}

func TestWhatIsClosedIsNotLinkedWith(t *testing.T) {
	for _, joins := range []bool{true, false} {
		library, user := openModule(t), newInstance()
		library.closed = true // by its guest, and nobody has looked since
		if user.Link(&library.Member, joins) {
			t.Fatal("linked with a closed module")
		}
		library.NoteClosed()
		if closed := library.Group.TakeClosed(); len(closed) != 1 || closed[0] != &library.Member {
			t.Fatal("not found closed: ", closed)
		}
		if user.Link(&library.Member, joins) || user.Group.Keeps(library.Group) {
			t.Fatal("linked with a closed module")
		}
	}
}

func TestALinkKeepsWhatItIsTo(t *testing.T) {
	for _, joins := range []bool{true, false} {
		library, user := openModule(t), newInstance()
		if !user.Link(&library.Member, joins) || !user.Group.Keeps(library.Group) {
			t.Fatal("linked, but not kept")
		}
		if library.Group.Keeps(user.Group) != joins {
			t.Fatal("a library keeps its user only where they are one group")
		}
		user.Group.Add(&user.Member)
		library.closed = true
		library.NoteClosed()
		library.Group.TakeClosed()
		if len(user.Group.find().modules) != 1 || !user.Group.Keeps(library.Group) {
			t.Fatal("the library's group was given up while it is used")
		}
	}
}

func TestAGroupFindsWhatWasMarkedOnly(t *testing.T) {
	g := &Group{}
	var all []*instance
	for range 1000 {
		m := openModule(t)
		groupsMu.Lock()
		m.Group.join(g)
		groupsMu.Unlock()
		all = append(all, m)
	}
	if closed := g.TakeClosed(); closed != nil {
		t.Fatal("found closed: ", closed)
	}
	for _, m := range all[:2] {
		m.closed = true
		m.NoteClosed()
		m.NoteClosed() // by wazero, and by us
	}
	if closed := g.TakeClosed(); len(closed) != 2 {
		t.Fatal("Expected two that are closed but found ", len(closed))
	}
	if closed := g.TakeClosed(); closed != nil || len(g.find().modules) != 998 {
		t.Fatal("found twice: ", closed)
	}
}

type countedMemory struct{ released int }

func (m *countedMemory) Rest()    {}
func (m *countedMemory) Release() { m.released++ }

func TestMemoryIsKeptUntilJavaScriptKnowsOfTheClose(t *testing.T) {
	m, other := openModule(t), openModule(t)
	m.Hold()
	other.Hold()
	memory := &countedMemory{}
	m.Group.AddMemory(memory)
	if !other.Link(&m.Member, true) {
		t.Fatal("not linked")
	}
	for _, each := range []*instance{m, other} {
		each.closed = true // at a deadline, on a thread that is not the JS thread
		each.NoteClosed()
	}
	m.Group.TakeClosed()
	m.Group.ReleaseAtRest()
	m.LetGo()
	m.LetGo()
	if memory.released != 0 {
		t.Fatal("released while JavaScript may read it")
	}
	other.LetGo()
	if memory.released != 1 {
		t.Fatal("not released")
	}
}

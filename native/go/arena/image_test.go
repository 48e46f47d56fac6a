package arena_test

import (
	"bytes"
	"testing"

	"wazeronode/arena"
)

func always() bool { return true }

// warmImage is of a memory of four pages with something in the first and in the third.
func warmImage(t *testing.T, budget *arena.Budget) *arena.Image {
	t.Helper()
	contents := make([]byte, 4*page)
	contents[7], contents[2*page+9] = 1, 2
	i, err := arena.NewImage(budget, contents, always)
	if err != nil || i == nil {
		t.Fatalf("image: %v", err)
	}
	return i
}

func ofImage(t *testing.T, budget *arena.Budget, i *arena.Image, pages uint64) *arena.Memory {
	t.Helper()
	m := arena.New(budget, 4*page, pages*page, arena.Options{Image: i})
	if len(m.Reallocate(i.Size())) != 4*page {
		t.Fatal("not as long as the image")
	}
	return m
}

func isWarm(b []byte) bool {
	rest := bytes.Clone(b)
	rest[7], rest[2*page+9] = 0, 0
	return b[7] == 1 && b[2*page+9] == 2 && isZero(rest)
}

func TestImage(t *testing.T) {
	before := arena.Stats()
	budget := arena.NewBudget(0)
	image := warmImage(t, budget)
	if image.Held() != 2*4096 || budget.Used() != 2*4096 || !isWarm(image.Bytes()) {
		t.Errorf("holds %d, used %d", image.Held(), budget.Used())
	}
	a, b := ofImage(t, budget, image, 600), ofImage(t, budget, image, 600)
	image.Release() // its memories keep it
	if !isWarm(a.Bytes()) || !isWarm(b.Bytes()) {
		t.Fatal("not as the image is")
	}
	fill(a.Bytes())
	if !isWarm(b.Bytes()) || !isWarm(image.Bytes()) {
		t.Fatal("what one writes another sees")
	}
	a.Reallocate(20 * page) // within its range or not: what is new is zero
	if !isZero(a.Bytes()[4*page:]) {
		t.Error("grown, and not zero")
	}
	b.Bytes()[5] = 5
	moved := b.Reallocate(500 * page)
	if moved[5] != 5 || moved[7] != 1 || moved[2*page+9] != 2 || !isZero(moved[4*page:]) {
		t.Error("moved, and not the same")
	}
	b.Rest()
	fill(moved)
	for _, m := range []*arena.Memory{a, b, b} {
		generation := m.Generation()
		if !isWarm(m.Restore()) || len(m.Bytes()) != 4*page || m.Generation() == generation {
			t.Fatal("not restored")
		}
	}
	if !isZero(b.Reallocate(300 * page)[4*page:]) {
		t.Error("of the last life")
	}
	was := a.Base()
	close(a)
	close(b)
	if next := newMemory(t, budget, 4, 4); next.Base() == was && !isZero(next.Bytes()) {
		t.Error("the next tenant sees the image")
	}
	if s := arena.Stats(); s.Images != before.Images || budget.Used() != 4*page {
		t.Errorf("left: %+v, %d bytes", s, budget.Used())
	}
}

// A read of Node's thread pool that was under way in an ArrayBuffer, detached by now, does not write into the memory as it is after the reset.
func TestRestoreUnderAPin(t *testing.T) {
	budget := arena.NewBudget(0)
	image := warmImage(t, budget)
	m := ofImage(t, budget, image, 16)
	pin := m.Pin()
	was := m.Base()
	if !isWarm(m.Restore()) || m.Base() == was {
		t.Error("restored where somebody may write")
	}
	pin.Bytes[100] = 1
	if !isWarm(m.Bytes()) {
		t.Error("written through a pin")
	}
	pin.Unpin()
	close(m)
	image.Release()
}

func TestImageLimits(t *testing.T) {
	budget := arena.NewBudget(2*4096 + 5*page)
	image := warmImage(t, budget)
	m := ofImage(t, budget, image, 16)
	if m.Reallocate(6*page) != nil || m.Reallocate(5*page) == nil {
		t.Error("images do not count")
	}
	m.Restore()
	if budget.Used() != image.Held()+4*page {
		t.Errorf("%d used after a reset", budget.Used())
	}
	if _, err := arena.NewImage(budget, bytes.Repeat([]byte{1}, 2*page), always); err == nil {
		t.Error("over the limit")
	}
	if i, err := arena.NewImage(arena.NewBudget(0), make([]byte, 4*page), func() bool { return false }); i != nil || err != nil {
		t.Error("not stopped")
	}
	close(m)
	image.Release()
	if budget.Used() != 0 {
		t.Errorf("%d left", budget.Used())
	}
}

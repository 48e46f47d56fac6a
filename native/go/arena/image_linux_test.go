package arena_test

import (
	"os"
	"strings"
	"testing"

	"wazeronode/arena"
)

func imageMappings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	return strings.Count(string(maps), "wasm image")
}

// Its file, which is memory, lives as long as anything maps it.
func TestAnImageLeavesNothing(t *testing.T) {
	before, budget := imageMappings(t), arena.NewBudget(0)
	for range 3 {
		image := warmImage(t, budget)
		m := ofImage(t, budget, image, 16)
		image.Finish()
		image.Release()
		if image.IsShared() && imageMappings(t) == before {
			t.Error("nothing is mapped while there is a memory of it")
		}
		close(m)
	}
	if n := imageMappings(t); n != before {
		t.Errorf("%d mappings are left", n-before)
	}
}

func TestBeginningsAreBounded(t *testing.T) {
	const most, each = 64 << 20, 1 << 20
	contents := make([]byte, each)
	before := arena.Stats()
	var made []*arena.Image
	for len(made) <= most/each {
		image := arena.NewBeginning(contents)
		if image == nil {
			break
		}
		made = append(made, image)
	}
	if len(made) > most/each {
		t.Errorf("%d of them", len(made))
	}
	if after := arena.Stats(); after.Images != before.Images || after.Bytes != before.Bytes {
		t.Errorf("they show: %+v, %+v", before, after)
	}
	for _, image := range made {
		image.Release()
	}
	if len(made) > 0 {
		again := arena.NewBeginning(contents)
		if again == nil {
			t.Fatal("nothing was given back")
		}
		again.Release()
	}
}

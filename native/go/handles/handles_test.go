package handles

import (
	"errors"
	"testing"

	"wazeronode/failure"
)

func TestHandlesAreNotFoundAfterRemovalOrByAnotherKind(t *testing.T) {
	table := table{slots: make([]slot, 1)}
	first := table.add(Module, "first")
	if got := table.get(first, Module); got != "first" {
		t.Fatalf("got %v", got)
	}
	if got := table.get(first, Memory); got != nil {
		t.Fatalf("another kind found %v", got)
	}
	if got := table.remove(first, Module); got != "first" {
		t.Fatalf("removed %v", got)
	}
	if got := table.remove(first, Module); got != nil {
		t.Fatalf("removed twice: %v", got)
	}
	second := table.add(Module, "second") // in the same slot
	if first == second || first&indexMask != second&indexMask {
		t.Fatalf("handles %x and %x: expected the same index and another generation", first, second)
	}
	if got := table.get(first, Module); got != nil {
		t.Fatalf("a stale handle found %v", got)
	}
	if uint64(second) >= 1<<53 {
		t.Fatalf("handle %x is no exact number in JavaScript", second)
	}
	if n := table.live[Module]; n != 1 {
		t.Fatalf("live %d", n)
	}
}

type something struct{}

func TestLookupSaysWhatIsWrong(t *testing.T) {
	h := Add(Module, &something{})
	for _, c := range []struct {
		name string
		h    Handle
		code string
	}{
		{"of another kind", Handle(Memory)<<kindShift | 1, failure.CodeInvalid},
		{"stale", h | 1<<indexBits, failure.CodeClosed},
		{"none", 0, failure.CodeClosed},
		{"made up", Handle(Module)<<kindShift | indexMask, failure.CodeClosed},
	} {
		_, err := Lookup[*something](c.h, Module)
		var e *failure.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: expected %s but received %v", c.name, c.code, err)
		}
	}
	if _, err := Lookup[*something](h, Module); err != nil {
		t.Error(err)
	}
	Remove(h, Module)
}

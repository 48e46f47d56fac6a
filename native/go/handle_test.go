package main

import (
	"errors"
	"testing"
)

func TestHandlesAreNotFoundAfterRemovalOrByAnotherKind(t *testing.T) {
	table := handleTable{slots: make([]handleSlot, 1)}
	first := table.add(kindModule, "first")
	if got := table.get(first, kindModule); got != "first" {
		t.Fatalf("got %v", got)
	}
	if got := table.get(first, kindMemory); got != nil {
		t.Fatalf("another kind found %v", got)
	}
	if got := table.remove(first, kindModule); got != "first" {
		t.Fatalf("removed %v", got)
	}
	if got := table.remove(first, kindModule); got != nil {
		t.Fatalf("removed twice: %v", got)
	}
	second := table.add(kindModule, "second") // in the same slot
	if first == second || first&indexMask != second&indexMask {
		t.Fatalf("handles %x and %x: expected the same index and another generation", first, second)
	}
	if got := table.get(first, kindModule); got != nil {
		t.Fatalf("a stale handle found %v", got)
	}
	if uint64(second) >= 1<<53 {
		t.Fatalf("handle %x is no exact number in JavaScript", second)
	}
	if n := table.live[kindModule]; n != 1 {
		t.Fatalf("live %d", n)
	}
}

func TestLookupSaysWhatIsWrong(t *testing.T) {
	h := handles.add(kindModule, &moduleState{})
	for _, c := range []struct {
		name string
		h    handle
		code string
	}{
		{"of another kind", handle(kindMemory)<<kindShift | 1, codeInvalid},
		{"stale", h | 1<<indexBits, codeClosed},
		{"none", 0, codeClosed},
		{"made up", handle(kindModule)<<kindShift | indexMask, codeClosed},
	} {
		_, err := lookup[*moduleState](c.h, kindModule)
		var e *wzError
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: expected %s but received %v", c.name, c.code, err)
		}
	}
	if _, err := lookup[*moduleState](h, kindModule); err != nil {
		t.Error(err)
	}
	handles.remove(h, kindModule)
}

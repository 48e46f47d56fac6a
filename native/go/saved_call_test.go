//go:build wazero_harness && !wazero_upstream

package main

import (
	"slices"
	"testing"
)

// A value of 32 bits that was spilled over a dead address is the lower half of a word that looks like one: modules of saved images went on without it.
func TestSavedCallKeepsLowerHalves(t *testing.T) {
	w := &waitingCall{Words: []uint64{0x7f16_8000_0007, 1 << 40, 3}, Stray: []uint32{0}, Registers: []uint64{5, 0xc0_0000_1000}, StrayRegisters: []uint32{1}}
	s := savedCall(w)
	if !slices.Equal(s.Words, []uint64{0x8000_0007, 1 << 40, 3}) || !slices.Equal(s.Registers, []uint64{5, 0x1000}) {
		t.Errorf("words %#x, registers %#x", s.Words, s.Registers)
	}
	if w.Words[0] != 0x7f16_8000_0007 {
		t.Error("the image in this process has changed")
	}
}

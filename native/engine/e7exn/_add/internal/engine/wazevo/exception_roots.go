package wazevo

import (
	"encoding/binary"
	"unsafe"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// rootException is called when the guest is about to continue at a catch clause of this kind.
func (c *callEngine) rootException(exn *wasm.Exception, kind byte) {
	if kind == wasm.CatchKindCatchRef || kind == wasm.CatchKindCatchAllRef {
		c.exceptions.Add(c.parent.module, exn, c.guestWords)
	}
}

// guestWords passes everything that may be a value of the guest, as it stands at an exit.
func (c *callEngine) guestWords(look func(word uint64)) {
	bytes := func(b []byte) {
		for ; len(b) >= 8; b = b[4:] { // spill slots of 8 bytes lie at multiples of 4
			look(binary.LittleEndian.Uint64(b))
		}
	}
	registers := func(saved [][2]uint64) {
		for _, r := range saved {
			look(r[0])
		}
	}
	sp := uintptr(unsafe.Pointer(c.execCtx.stackPointerBeforeGoCall))
	bytes(c.stackBytes(sp, c.stackTop-sp))
	registers(c.execCtx.savedRegisters[:])
	for i := range c.tryHandlers {
		h := &c.tryHandlers[i]
		bytes(h.frame.copy)
		registers(h.frame.saved[:])
		for _, word := range h.locals {
			look(word)
		}
	}
}

package main

import (
	"debug/elf"
	"fmt"
)

var arm64 = target{
	start: "_rt0_arm64_linux_lib",
	word:  "runtime.tls_g",
	isTLS: func(kind uint32) bool {
		// In code from 512 on, all that the ABI has for it; in tables from 1028 to 1031.
		return kind >= uint32(elf.R_AARCH64_TLSGD_ADR_PREL21) && kind < uint32(elf.R_AARCH64_COPY) || kind >= uint32(elf.R_AARCH64_TLS_DTPMOD64) && kind <= uint32(elf.R_AARCH64_TLSDESC)
	},
	change: changeARM64,
}

// Of runtime.load_g and save_g, which keep nothing of their caller on the stack, so that their return address is in x30 alone.
const (
	adrpX27  = 0x9000001b // adrp x27, runtime.tls_g
	loadX27  = 0xf940037b // ldr x27, [x27]
	saveLink = 0xaa1e03fb // mov x27, x30
	link     = 0x94000000 // bl
)

// changeARM64 makes of `adrp x27, :gottprel:runtime.tls_g; ldr x27, [x27, :gottprel_lo12:runtime.tls_g]` `mov x27, x30; bl stub`: the stub puts x30 back.
func changeARM64(_ *object, code []byte, at *elf.Rela64, kind uint32, stub func(int) int) error {
	word := func(offset uint64) uint32 { // 0 is no instruction
		if offset%4 != 0 || offset+4 > uint64(len(code)) {
			return 0
		}
		return order.Uint32(code[offset:])
	}
	first, second := word(at.Off), word(at.Off+4)
	switch {
	case at.Addend != 0:
		return fmt.Errorf("%v with addend %d is not known", elf.R_AARCH64(kind), at.Addend)
	case elf.R_AARCH64(kind) == elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21 && first == adrpX27 && second == loadX27:
		order.PutUint32(code[at.Off:], saveLink)
		*at = elf.Rela64{Off: at.Off, Info: elf.R_INFO(0, uint32(elf.R_AARCH64_NONE))}
	case elf.R_AARCH64(kind) == elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC && first == loadX27 && word(at.Off-4) == saveLink:
		order.PutUint32(code[at.Off:], link)
		*at = elf.Rela64{Off: at.Off, Info: elf.R_INFO(uint32(stub(27)), uint32(elf.R_AARCH64_CALL26))}
	default:
		return fmt.Errorf("%v at %08x %08x is not known", elf.R_AARCH64(kind), first, second)
	}
	return nil
}

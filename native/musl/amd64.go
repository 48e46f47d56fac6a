package main

import (
	"debug/elf"
	"fmt"
)

var amd64 = target{
	start: "_rt0_amd64_linux_lib",
	word:  "runtime.tlsg",
	isTLS: func(kind uint32) bool {
		switch elf.R_X86_64(kind) {
		case elf.R_X86_64_DTPMOD64, elf.R_X86_64_DTPOFF64, elf.R_X86_64_TPOFF64, elf.R_X86_64_TLSGD, elf.R_X86_64_TLSLD, elf.R_X86_64_DTPOFF32,
			elf.R_X86_64_GOTTPOFF, elf.R_X86_64_TPOFF32, elf.R_X86_64_GOTPC32_TLSDESC, elf.R_X86_64_TLSDESC_CALL, elf.R_X86_64_TLSDESC:
			return true
		}
		return false
	},
	change: changeAMD64,
}

// changeAMD64 makes of `mov runtime.tlsg@gottpoff(%rip), %reg`, 7 bytes, `call stub; nop`.
func changeAMD64(_ *object, code []byte, at *elf.Rela64, kind uint32, stub func(int) int) error {
	if elf.R_X86_64(kind) != elf.R_X86_64_GOTTPOFF || at.Addend != -4 || at.Off < 3 || at.Off+4 > uint64(len(code)) {
		return fmt.Errorf("%v with addend %d is not known", elf.R_X86_64(kind), at.Addend)
	}
	instruction := code[at.Off-3 : at.Off+4]
	rex, opcode, modrm := instruction[0], instruction[1], instruction[2]
	// REX.W, with R for r8 to r15; mov r64, r/m64; relative to the next instruction.
	if rex&^4 != 0x48 || opcode != 0x8b || modrm&0xc7 != 0x05 {
		return fmt.Errorf("the instruction % x is not known", instruction)
	}
	register := int(modrm>>3&7) | int(rex&4)<<1
	switch register {
	case 0, 1, 3, 12, 14: // those that musl.cc has a stub for
	default:
		return fmt.Errorf("no stub for register %d", register)
	}
	copy(instruction, []byte{0xe8, 0, 0, 0, 0, 0x66, 0x90})
	*at = elf.Rela64{Off: at.Off - 2, Info: elf.R_INFO(uint32(stub(register)), uint32(elf.R_X86_64_PLT32)), Addend: -4}
	return nil
}

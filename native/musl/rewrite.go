package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// startName is the name by which musl.cc calls the start of Go's runtime.
const startName = "wazero_node_go_start"

// target is what differs between processors.
type target struct {
	start string // what Go calls the start of its runtime in a library
	word  string // and its one thread-local word
	// isTLS tells relocations of thread-local storage, of any kind.
	isTLS func(kind uint32) bool
	// change rewrites what one relocation is of; `stub` gives the symbol of a stub for a register.
	change func(o *object, code []byte, at *elf.Rela64, kind uint32, stub func(register int) int) error
}

var targets = map[elf.Machine]target{elf.EM_X86_64: amd64, elf.EM_AARCH64: arm64}

func rewrite(data []byte) (changed []byte, report string, err error) {
	o, err := parse(data)
	if err != nil {
		return nil, "", err
	}
	machine := elf.Machine(o.header.Machine)
	target, known := targets[machine]
	if !known {
		return nil, "", fmt.Errorf("nothing is known of %s", machine)
	}
	stubs := map[int]int{}
	stub := func(register int) int {
		if _, there := stubs[register]; !there {
			stubs[register] = o.add(fmt.Sprintf("wazero_node_tls_%d", register), uint16(elf.SHN_UNDEF), 0, 0)
		}
		return stubs[register]
	}
	count := 0
	for i, section := range o.sections {
		if elf.SectionType(section.Type) == elf.SHT_REL {
			return nil, "", fmt.Errorf("%s: relocations without addends are not known", o.names[i])
		}
		if elf.SectionType(section.Type) != elf.SHT_RELA {
			continue
		}
		code := o.content(int(section.Info))
		table := o.content(i)
		for at := 0; at < len(table); at += 24 {
			var rela elf.Rela64
			_, _ = binary.Decode(table[at:], order, &rela)
			kind := elf.R_TYPE64(rela.Info)
			if !target.isTLS(kind) {
				continue
			}
			if _, name := o.symbol(int(elf.R_SYM64(rela.Info))); name != target.word {
				return nil, "", fmt.Errorf("%s: a thread-local access to %s, where only %s is known", o.names[i], name, target.word)
			}
			if err := target.change(o, code, &rela, kind, stub); err != nil {
				return nil, "", fmt.Errorf("%s: relocation at %#x: %w", o.names[i], rela.Off, err)
			}
			_, _ = binary.Encode(table[at:], order, rela)
			count++
		}
	}
	if count == 0 {
		return nil, "", fmt.Errorf("no access to %s: it has been done already, or Go does it otherwise now", target.word)
	}
	if err := dropStart(o); err != nil {
		return nil, "", err
	}
	start, err := o.find(target.start)
	if err != nil {
		return nil, "", err
	}
	o.add(startName, start.Shndx, start.Value, start.Size)
	return o.bytes(), fmt.Sprintf("%d relocations, %d stubs", count, len(stubs)), nil
}

// dropStart takes the entry of .init_array away: as a section of another name and kind it is not kept.
func dropStart(o *object) error {
	found := 0
	for i := range o.sections {
		section := &o.sections[i]
		switch o.names[i] {
		case ".init_array":
			if section.Size != 8 {
				return fmt.Errorf("expected one entry in .init_array but found %d bytes", section.Size)
			}
			section.Flags = 0
			found++
		case ".rela.init_array":
			section.Link, section.Info = 0, 0
			found++
		default:
			continue
		}
		section.Name++ // without its dot
		section.Type = uint32(elf.SHT_PROGBITS)
	}
	if found != 2 {
		return fmt.Errorf("expected .init_array and its relocations but found %d of the two", found)
	}
	return nil
}

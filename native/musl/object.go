package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

var order = binary.LittleEndian

// object is a relocatable file of ELF with 64 bits, its headers decoded. What is appended to a table moves it to the end of the file.
type object struct {
	data     []byte
	header   elf.Header64
	sections []elf.Section64
	names    []string
	symbols  []byte // of .symtab
	strings  []byte // their names
	symtab   int
}

const symbolSize = elf.Sym64Size

func parse(data []byte) (*object, error) {
	o := &object{data: data}
	if len(data) < 64 || !bytes.HasPrefix(data, []byte(elf.ELFMAG)) || elf.Class(data[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Data(data[elf.EI_DATA]) != elf.ELFDATA2LSB {
		return nil, errors.New("go.o is no little-endian ELF of 64 bits")
	}
	if _, err := binary.Decode(data, order, &o.header); err != nil {
		return nil, err
	}
	if elf.Type(o.header.Type) != elf.ET_REL || o.header.Shentsize != 64 || o.header.Shnum == 0 {
		return nil, errors.New("go.o is no relocatable file with sections")
	}
	o.sections = make([]elf.Section64, o.header.Shnum)
	for i := range o.sections {
		if _, err := binary.Decode(data[o.header.Shoff+uint64(i)*64:], order, &o.sections[i]); err != nil {
			return nil, err
		}
	}
	names := o.content(int(o.header.Shstrndx))
	for i, section := range o.sections {
		o.names = append(o.names, text(names, section.Name))
		if elf.SectionType(section.Type) == elf.SHT_SYMTAB {
			o.symtab = i
		}
	}
	if o.symtab == 0 {
		return nil, errors.New("go.o has no symbols")
	}
	o.symbols = bytes.Clone(o.content(o.symtab))
	o.strings = bytes.Clone(o.content(int(o.sections[o.symtab].Link)))
	return o, nil
}

func (o *object) content(section int) []byte {
	s := o.sections[section]
	return o.data[s.Off : s.Off+s.Size]
}

func text(table []byte, at uint32) string {
	end := bytes.IndexByte(table[at:], 0)
	return string(table[at : int(at)+end])
}

func (o *object) symbol(index int) (symbol elf.Sym64, name string) {
	_, _ = binary.Decode(o.symbols[index*symbolSize:], order, &symbol)
	return symbol, text(o.strings, symbol.Name)
}

// find returns the one symbol of that name.
func (o *object) find(name string) (elf.Sym64, error) {
	var found elf.Sym64
	count := 0
	for i := range len(o.symbols) / symbolSize {
		if symbol, its := o.symbol(i); its == name {
			found = symbol
			count++
		}
	}
	if count != 1 {
		return found, fmt.Errorf("expected one symbol %s but found %d", name, count)
	}
	return found, nil
}

// add appends a global symbol that is not seen outside of the library, and returns its index.
func (o *object) add(name string, section uint16, value, size uint64) int {
	symbol := elf.Sym64{
		Name: uint32(len(o.strings)), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Other: byte(elf.STV_HIDDEN),
		Shndx: section, Value: value, Size: size,
	}
	o.strings = append(append(o.strings, name...), 0)
	o.symbols, _ = binary.Append(o.symbols, order, symbol)
	return len(o.symbols)/symbolSize - 1
}

// bytes is the file with what has changed.
func (o *object) bytes() []byte {
	put := func(section int, content []byte) {
		o.align()
		o.sections[section].Off = uint64(len(o.data))
		o.sections[section].Size = uint64(len(content))
		o.data = append(o.data, content...)
	}
	put(o.symtab, o.symbols)
	put(int(o.sections[o.symtab].Link), o.strings)
	o.align()
	o.header.Shoff = uint64(len(o.data))
	for _, section := range o.sections {
		o.data, _ = binary.Append(o.data, order, section)
	}
	_, _ = binary.Encode(o.data, order, o.header)
	return o.data
}

func (o *object) align() {
	for len(o.data)%16 != 0 {
		o.data = append(o.data, 0)
	}
}

package wasmdebug

import (
	"path"
	"slices"
)

// .debug_line: for each unit a header with the names of files, and a program that tells addresses and their lines one by one.

type lineProgram struct {
	encoding
	dwarf   *DWARFLines
	files   section // the tables of directories and files
	program section
	comp    []byte // directory of the compilation

	instruction  uint64 // bytes of the smallest one
	base         int64
	span         uint64
	operandCount []byte // of opcodes, from 1
}

func (d *DWARFLines) lineProgram(u *unit, b *budget) (p *lineProgram, ok bool) {
	v := u.first.values[lineTable]
	if v.form == 0 {
		return nil, false
	}
	all := sectionAt(d.line, v.n)
	size, width := all.length()
	s := section{data: all.take(size)}
	p = &lineProgram{encoding: u.encoding, dwarf: d, comp: d.text(u.first.values[directory], b)}
	p.width = width
	if p.version = int(s.number(2)); p.version < 2 || p.version > 5 {
		return nil, false
	}
	if p.version == 5 {
		p.addressSize = int(s.byte())
		s.byte() // of a segment's selector
	}
	header := s.number(width)
	p.program = sectionAt(s.data, uint64(s.at)+header)
	p.instruction = uint64(s.byte())
	if p.version >= 4 {
		s.byte() // operations of an instruction: one
	}
	s.byte() // is_stmt
	p.base = int64(int8(s.byte()))
	p.span = uint64(s.byte())
	if n := s.byte(); n > 0 {
		p.operandCount = s.take(uint64(n) - 1)
	}
	p.files = s
	return p, !s.failed && !p.program.failed && header <= size && p.span != 0 && p.addressSize <= 8
}

// row is what the program says of one address.
type row struct {
	address, file, line, column uint64
}

// place is the row that an address has. Rows come in any order: some compilers interleave them.
type place struct {
	row
	found, beyond bool // beyond: there is one at the address or after it
}

// run finds the places of the addresses that are wanted.
func (p *lineProgram) run(addresses []uint64, wanted uint, b *budget) (places [MaxFrames]place) {
	s, opcodes := &p.program, uint64(len(p.operandCount))+1
	start := row{file: 1, line: 1}
	now, dead := start, false
	emit := func() {
		if dead {
			return
		}
		for i, address := range addresses {
			at := &places[i]
			if wanted&(1<<i) == 0 || at.found && at.address == address {
				continue
			}
			if now.address >= address {
				at.beyond = true
			}
			if now.address <= address && (!at.found || now.address >= at.address) {
				at.row, at.found = now, true
			}
		}
	}
	for s.more() && b.steps(1+len(addresses)/8) {
		opcode := uint64(s.byte())
		if opcode >= opcodes {
			now.address += (opcode - opcodes) / p.span * p.instruction
			now.line += uint64(p.base + int64((opcode-opcodes)%p.span))
			emit()
			continue
		}
		switch opcode {
		case 0:
			operands := section{data: s.take(s.uleb())}
			switch operands.byte() {
			case 1: // the end of a sequence
				emit()
				now, dead = start, false
			case 2:
				now.address = operands.number(p.addressSize)
				dead = isTombstoneAddr(now.address)
			}
		case 1:
			emit()
		case 2:
			now.address += s.uleb() * p.instruction
		case 3:
			now.line += uint64(s.sleb())
		case 4:
			now.file = s.uleb()
		case 5:
			now.column = s.uleb()
		case 6, 7, 10, 11:
		case 8:
			now.address += (255 - opcodes) / p.span * p.instruction
		case 9:
			now.address += s.number(2)
		default:
			n := p.operandCount[opcode-1]
			b.steps(int(n) / 2)
			for range n {
				s.uleb()
			}
		}
	}
	return places
}

// file is the name with that number, as it is shown; "" where there is none.
func (p *lineProgram) file(number uint64, b *budget) string {
	s := p.files
	if p.version == 5 {
		p.find(&s, ^uint64(0), b) // past the directories
		name, at := p.find(&s, number, b)
		s = p.files
		dir, _ := p.find(&s, at, b)
		s = p.files
		first, _ := p.find(&s, 0, b)
		return joined(first, dir, name)
	}
	for s.more() && b.step() && len(s.text(b)) > 0 {
	}
	for n := uint64(1); s.more() && b.step(); n++ {
		name, at := s.text(b), s.uleb()
		s.uleb() // time
		s.uleb() // size
		if len(name) == 0 || s.failed {
			break
		}
		if n == number {
			return joined(p.comp, p.directory(at, b), name)
		}
	}
	return ""
}

// directory is one of those that are listed, from 1.
func (p *lineProgram) directory(number uint64, b *budget) (name []byte) {
	s := p.files
	for ; number > 0 && s.more() && b.step(); number-- {
		if name = s.text(b); len(name) == 0 {
			return nil
		}
	}
	return name
}

// find reads a table of version 5 from its head to its end, for the entry of that number.
func (p *lineProgram) find(s *section, number uint64, b *budget) (name []byte, directory uint64) {
	var formats [8][2]uint64
	n := int(s.byte())
	if n > len(formats) {
		s.failed = true
	}
	for i := 0; i < n && !s.failed; i++ {
		formats[i] = [2]uint64{s.uleb(), s.uleb()}
	}
	count := s.uleb()
	for i := uint64(0); i < count && n > 0 && s.more() && b.steps(2*n); i++ {
		for _, format := range formats[:n] {
			v := s.value(format[1], 0, &p.encoding, b)
			switch {
			case i != number:
			case format[0] == 1:
				name = p.dwarf.text(v, b)
			case format[0] == 2:
				directory = v.n
			}
		}
	}
	return name, directory
}

// joined is the path of what is not absolute. Its end is what is shown.
func joined(compilation, dir, name []byte) string {
	if len(name) == 0 {
		return ""
	}
	end := func(of []byte) []byte { return of[max(0, len(of)-2*mostName):] }
	whole := end(name)
	for _, before := range [][]byte{dir, compilation} {
		if len(before) > 0 && !isAbsolute(whole) {
			whole = slices.Concat(end(before), []byte("/"), whole)
		}
	}
	return ShownEnd([]byte(path.Clean(string(whole))))
}

func isAbsolute(path []byte) bool {
	return path[0] == '/' || path[0] == '\\' || len(path) > 1 && path[1] == ':'
}

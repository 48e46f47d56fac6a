package wasmdebug

import (
	"fmt"
	"slices"
	"strings"
)

// DWARFLines tells where in its source an instruction of a module came from. Nothing is read before somebody asks, and nothing is kept: any
// number of threads may ask.
type DWARFLines struct{ abbrev, info, line, ranges, str []byte }

// NewDWARFLines takes the module's sections; nil where they can say nothing.
func NewDWARFLines(abbrev, info, line, ranges, str []byte) *DWARFLines {
	if len(info) == 0 { // as debug/dwarf, which upstream asks: what else is missing is found missing when a trap looks for a line
		return nil
	}
	return &DWARFLines{abbrev, info, line, ranges, str}
}

// Line is what there is to say of an instruction, by its offset in the code section: where it is, then where it was inlined.
func (d *DWARFLines) Line(instructionOffset uint64) []string {
	if d == nil {
		return nil
	}
	return d.sources([]uint64{instructionOffset}, newBudget())[0]
}

// sources is Line for at most MaxFrames at once.
func (d *DWARFLines) sources(addresses []uint64, b *budget) (sources [MaxFrames][]string) {
	wanted := uint(1)<<len(addresses) - 1
	info := section{data: d.info}
	u := &unit{least: slices.Min(addresses), most: slices.Max(addresses)}
	for info.more() && wanted != 0 && b.steps(unitSteps) {
		if !u.nextUnit(d, &info, b) {
			continue
		}
		in := d.contains(u, &u.first, addresses, b) & wanted
		if in == 0 {
			continue
		}
		wanted &^= in
		p, ok := d.lineProgram(u, b)
		if !ok {
			continue
		}
		places := p.run(addresses, in, b)
		var files [MaxFrames]string
		for i := range addresses {
			if at := places[i]; at.found && at.beyond {
				files[i] = p.file(at.file, b)
			}
		}
		inlined := d.inlined(u, addresses, in, b)
		for i, address := range addresses {
			if files[i] != "" {
				sources[i] = p.describe(address, files[i], places[i].row, &inlined[i], b)
			}
		}
	}
	return sources
}

// text is that of a name.
func (d *DWARFLines) text(v value, b *budget) []byte {
	if v.form != formStrp {
		return v.text
	}
	at := sectionAt(d.str, v.n)
	return at.text(b)
}

// describe says where an address is, and from where what is there was called, innermost first.
func (p *lineProgram) describe(address uint64, file string, at row, inlined *calls, b *budget) []string {
	prefix := fmt.Sprintf("%#x: ", address)
	lines := []string{formatLine(prefix, file, int64(at.line), int64(at.column), inlined.count > 0)}
	for i := inlined.count - 1; i >= max(0, inlined.count-mostInlined); i-- {
		c := inlined.last[i%mostInlined]
		if c.file < 0 {
			break
		}
		if file = p.file(uint64(c.file), b); file == "" {
			break
		}
		lines = append(lines, formatLine(strings.Repeat(" ", len(prefix)), file, c.line, c.column, i > 0)) // the last is where it all was called
	}
	return lines
}

func formatLine(prefix, file string, line, column int64, inlined bool) string {
	text := prefix + file
	if line != 0 {
		text += fmt.Sprintf(":%d", line)
		if column != 0 {
			text += fmt.Sprintf(":%d", column)
		}
	}
	if inlined {
		text += " (inlined)"
	}
	return text
}

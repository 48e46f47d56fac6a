package wasmdebug

import "math"

// .debug_info: units of entries that are nested in each other. An entry's number names what attributes it has, in .debug_abbrev.

const (
	tagCompileUnit = 0x11
	tagInlined     = 0x1d
	tagSubprogram  = 0x2e
)

// The attributes that matter here, where they are kept.
const (
	lowPC = iota
	highPC
	ranges
	lineTable
	directory
	callFile
	callLine
	callColumn
	entryPC
	kept
)

// keptAt is where an attribute of that name is kept; -1: it is skipped.
func keptAt(name uint64) int8 {
	switch name {
	case 0x11:
		return lowPC
	case 0x12:
		return highPC
	case 0x55:
		return ranges
	case 0x10:
		return lineTable
	case 0x1b:
		return directory
	case 0x58:
		return callFile
	case 0x59:
		return callLine
	case 0x57:
		return callColumn
	case 0x52:
		return entryPC
	}
	return -1
}

type attribute struct {
	kept     int8
	form     uint16
	implicit int64
}

type abbreviation struct {
	tag         uint64
	children    bool
	size        int // of all attributes; -1 where that is not always the same
	first, last int // of abbreviations.attributes
}

// matters: what entries of other kinds say is passed over.
func (a *abbreviation) matters() bool {
	return a.tag == tagCompileUnit || a.tag == tagInlined || a.tag == tagSubprogram
}

// abbreviations are those of one unit, read as far as they were asked for. The room is used again for the next unit.
type abbreviations struct {
	rest       section
	list       []abbreviation
	attributes []attribute
	small      [128]int32 // places in list, from 1, of numbers that most have
	large      map[uint64]int32
}

func (a *abbreviations) begin(at section) {
	a.rest, a.list, a.attributes = at, a.list[:0], a.attributes[:0]
	clear(a.small[:])
	clear(a.large)
}

func (a *abbreviations) known(code uint64) int32 {
	if code < uint64(len(a.small)) {
		return a.small[code]
	}
	return a.large[code]
}

// What is kept costs more than what is looked at, as measured.
const (
	unitSteps         = 16
	abbreviationSteps = 8
	largeSteps        = 24 // in a map
	attributeSteps    = 4
)

// find answers what is valid until the next one is looked for.
func (a *abbreviations) find(code uint64, e *encoding, b *budget) *abbreviation {
	for {
		if found := a.known(code); found != 0 {
			return &a.list[found-1]
		}
		next := a.rest.uleb()
		if next == 0 || a.rest.failed || !b.steps(abbreviationSteps) {
			return nil
		}
		found := abbreviation{tag: a.rest.uleb(), children: a.rest.byte() != 0, first: len(a.attributes)}
		for {
			name, form := a.rest.uleb(), a.rest.uleb()
			if name == 0 && form == 0 {
				break
			}
			if form > math.MaxUint16 {
				form = math.MaxUint16 // is none, either
			}
			attr := attribute{kept: keptAt(name), form: uint16(form)}
			if form == formImplicit {
				attr.implicit = a.rest.sleb()
			}
			if !b.steps(attributeSteps) || a.rest.failed {
				return nil
			}
			a.attributes = append(a.attributes, attr)
			if size := e.size(form); size < 0 || found.size < 0 {
				found.size = -1
			} else {
				found.size += size
			}
		}
		found.last = len(a.attributes)
		a.list = append(a.list, found)
		if next < uint64(len(a.small)) {
			a.small[next] = int32(len(a.list))
			continue
		}
		if !b.steps(largeSteps) {
			return nil
		}
		if a.large == nil {
			a.large = map[uint64]int32{}
		}
		a.large[next] = int32(len(a.list))
	}
}

type entry struct {
	tag      uint64 // 0: the end of the children
	children bool
	values   [kept]value
}

// unit is one, with the rest of its entries. One after another is read into it.
type unit struct {
	least, most uint64 // of the addresses that are wanted
	encoding
	rest          section
	abbreviations abbreviations
	base          uint64 // of its ranges
	first         entry
}

// nextUnit reads the first entry of the unit, and leaves the next one to be read. It is false where this one cannot be.
func (u *unit) nextUnit(d *DWARFLines, info *section, b *budget) bool {
	size, width := info.length()
	s := section{data: info.take(size)}
	u.encoding = encoding{version: int(s.number(2)), width: width}
	if u.version < 2 || u.version > 5 {
		return false
	}
	kind := byte(1)
	if u.version == 5 {
		kind = s.byte()
		u.addressSize = int(s.byte())
	}
	table := s.number(width)
	if u.version < 5 {
		u.addressSize = int(s.byte())
	}
	if kind != 1 || u.addressSize > 8 || s.failed { // not a unit that is compiled and whole
		return false
	}
	u.rest = s
	u.abbreviations.begin(sectionAt(d.abbrev, table))
	if !u.next(&u.first, b) || u.first.tag != tagCompileUnit {
		return false
	}
	u.base = u.first.values[lowPC].n
	if e := u.first.values[entryPC]; e.form == formAddress {
		u.base = e.n
	}
	return true
}

// next reads an entry; false at the end, and where nothing more can be read.
func (u *unit) next(e *entry, b *budget) bool {
	if !u.rest.more() || !b.step() {
		return false
	}
	code := u.rest.uleb()
	if code == 0 {
		e.tag, e.children = 0, false
		return !u.rest.failed
	}
	a := u.abbreviations.find(code, &u.encoding, b)
	if a == nil {
		return false
	}
	if e.tag, e.children = a.tag, a.children; !a.matters() && a.size >= 0 {
		u.rest.take(uint64(a.size))
		return !u.rest.failed
	}
	e.values = [kept]value{}
	for _, attr := range u.abbreviations.attributes[a.first:a.last] {
		v := u.rest.value(uint64(attr.form), attr.implicit, &u.encoding, b)
		if attr.kept >= 0 {
			e.values[attr.kept] = v
		}
		if !b.step() {
			return false
		}
	}
	return !u.rest.failed
}

// contains tells which of the addresses are in the entry's ranges: bits.
func (d *DWARFLines) contains(u *unit, e *entry, addresses []uint64, b *budget) (found uint) {
	in := func(low, high uint64) {
		if low > u.most || high <= u.least || isTombstoneAddr(low) || isTombstoneAddr(high) || !b.steps(len(addresses)) {
			return
		}
		for i, address := range addresses {
			if low <= address && address < high {
				found |= 1 << i
			}
		}
	}
	low, high := e.values[lowPC], e.values[highPC]
	if low.form == formAddress && high.form != 0 {
		end := high.n
		if high.form != formAddress {
			end += low.n
		}
		in(low.n, end)
	}
	if e.values[ranges].form == 0 || len(d.ranges) == 0 {
		return found
	}
	s, base := sectionAt(d.ranges, e.values[ranges].n), u.base
	largest := ^uint64(0) >> ((8 - uint(u.addressSize)) * 8)
	for s.more() && b.step() {
		switch low, high := s.number(u.addressSize), s.number(u.addressSize); {
		case low == 0 && high == 0 || s.failed:
			return found
		case low == largest:
			base = high
		default:
			in(base+low, base+high)
		}
	}
	return found
}

// isTombstoneAddr tells the addresses that linkers give to what they have left out. In a code section nothing is at 0: there is its count.
func isTombstoneAddr(address uint64) bool {
	low := int32(address)
	return low == 0 || low == -1 || low == -2
}

// call is where an inlined routine was called.
type call struct{ file, line, column int64 }

// calls are those that were inlined at one address, outermost first: the last ones of count.
type calls struct {
	last  [mostInlined]call
	count int
}

func (c *calls) add(of call) {
	c.last[c.count%mostInlined] = of
	c.count++
}

// inlined collects the calls that were inlined at each address that is wanted.
func (d *DWARFLines) inlined(u *unit, addresses []uint64, wanted uint, b *budget) (found [MaxFrames]calls) {
	var e entry
	depth := 1
	ends := [MaxFrames]int{} // the depth of the function that the address is in
	for depth > 0 && wanted != 0 && u.next(&e, b) {
		if e.tag == 0 {
			depth--
			for i, at := range ends {
				if at > depth { // all of that function has been seen
					wanted &^= 1 << i
					ends[i] = 0
				}
			}
			continue
		}
		if e.tag == tagInlined || e.tag == tagSubprogram {
			in := d.contains(u, &e, addresses, b) & wanted
			for i := range addresses {
				if in&(1<<i) == 0 {
					continue
				}
				if e.tag == tagInlined {
					found[i].add(callOf(&e))
				} else if ends[i] == 0 && e.children {
					ends[i] = depth + 1
				}
			}
		}
		if e.children {
			depth++
		}
	}
	return found
}

func callOf(e *entry) call {
	c := call{file: -1, line: int64(e.values[callLine].n), column: int64(e.values[callColumn].n)}
	if e.values[callFile].form != 0 {
		c.file = int64(e.values[callFile].n)
	}
	return c
}

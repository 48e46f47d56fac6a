package wasmdebug

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

var keptAttributes = map[uint64]int{
	0x11: lowPC, 0x12: highPC, 0x55: ranges, 0x10: lineTable, 0x1b: directory, 0x58: callFile, 0x59: callLine, 0x57: callColumn, 0x52: entryPC,
}

type attribute struct {
	kept     int // -1: it is skipped
	form     uint64
	implicit int64
}

type abbreviation struct {
	tag        uint64
	children   bool
	size       int // of all attributes; -1 where that is not always the same
	attributes []attribute
}

// matters: what entries of other kinds say is passed over.
func (a *abbreviation) matters() bool {
	return a.tag == tagCompileUnit || a.tag == tagInlined || a.tag == tagSubprogram
}

// abbreviations are those of one unit, read as far as they were asked for.
type abbreviations struct {
	rest  section
	small [128]*abbreviation // most are
	large map[uint64]*abbreviation
}

func (a *abbreviations) known(code uint64) *abbreviation {
	if code < uint64(len(a.small)) {
		return a.small[code]
	}
	return a.large[code]
}

func (a *abbreviations) find(code uint64, e *encoding, b *budget) *abbreviation {
	for {
		if found := a.known(code); found != nil {
			return found
		}
		next := a.rest.uleb()
		if next == 0 || a.rest.failed {
			return nil
		}
		found := &abbreviation{tag: a.rest.uleb(), children: a.rest.byte() != 0}
		for {
			name, form := a.rest.uleb(), a.rest.uleb()
			if name == 0 && form == 0 {
				break
			}
			attr := attribute{kept: -1, form: form}
			if form == formImplicit {
				attr.implicit = a.rest.sleb()
			}
			if at, ok := keptAttributes[name]; ok {
				attr.kept = at
			}
			if !b.step() || a.rest.failed {
				return nil
			}
			found.attributes = append(found.attributes, attr)
			if size := e.size(form); size < 0 || found.size < 0 {
				found.size = -1
			} else {
				found.size += size
			}
		}
		if next < uint64(len(a.small)) {
			a.small[next] = found
		} else {
			if a.large == nil {
				a.large = map[uint64]*abbreviation{}
			}
			a.large[next] = found
		}
	}
}

type entry struct {
	tag      uint64 // 0: the end of the children
	children bool
	values   [kept]value
}

// unit is one, with the rest of its entries.
type unit struct {
	encoding
	rest          section
	abbreviations abbreviations
	base          uint64 // of its ranges
	first         entry
}

// nextUnit reads the first entry of the unit, and leaves the next one to be read. ok is false where this one cannot be.
func (d *DWARFLines) nextUnit(info *section, b *budget) (u *unit, ok bool) {
	size, width := info.length()
	s := section{data: info.take(size)}
	u = &unit{encoding: encoding{version: int(s.number(2)), width: width}}
	if u.version < 2 || u.version > 5 {
		return u, false
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
		return u, false
	}
	u.rest = s
	u.abbreviations = abbreviations{rest: sectionAt(d.abbrev, table)}
	if ok = u.next(&u.first, b) && u.first.tag == tagCompileUnit; ok {
		u.base = u.first.values[lowPC].n
		if e := u.first.values[entryPC]; e.form == formAddress {
			u.base = e.n
		}
	}
	return u, ok
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
	for i := range a.attributes {
		attr := &a.attributes[i]
		v := u.rest.value(attr.form, attr.implicit, &u.encoding, b)
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
		if isTombstoneAddr(low) || isTombstoneAddr(high) {
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
	for s.more() && b.steps(1+len(addresses)/8) {
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

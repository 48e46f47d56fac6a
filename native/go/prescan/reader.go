package prescan

// reader walks bytes[pos:end]. A method that finds no well-formed value left says so with ok == false.
type reader struct {
	bytes    []byte
	pos, end int
}

func (r *reader) left() int { return r.end - r.pos }

func (r *reader) u8() (value byte, ok bool) {
	if r.pos >= r.end {
		return 0, false
	}
	r.pos++
	return r.bytes[r.pos-1], true
}

func (r *reader) skip(n uint64) (ok bool) {
	if n > uint64(r.left()) {
		return false
	}
	r.pos += int(n)
	return true
}

// u32 reads LEB128, as strict as wazero: at most 5 bytes, unused bits zero.
func (r *reader) u32() (value uint32, ok bool) {
	for shift := 0; shift < 35 && r.pos < r.end; shift += 7 {
		b := r.bytes[r.pos]
		r.pos++
		if b < 0x80 {
			return value | uint32(b)<<shift, shift < 28 || b <= 0x0f
		}
		value |= uint32(b&0x7f) << shift
	}
	return 0, false
}

// leb skips a LEB128 number of at most max bytes, of any sign: what its unused bits hold is left to wazero.
func (r *reader) leb(max int) (ok bool) {
	for i := 0; i < max && r.pos < r.end; i++ {
		r.pos++
		if r.bytes[r.pos-1] < 0x80 {
			return true
		}
	}
	return false
}

// i33 reads a heap or block type as wazero does, which takes a fifth byte for the last one whatever it says.
func (r *reader) i33() (value int64, ok bool) {
	for shift := 0; r.pos < r.end; {
		b := r.bytes[r.pos]
		r.pos++
		value |= int64(b&0x7f) << shift
		shift += 7
		if b < 0x80 || shift == 35 {
			unused := 64 - min(shift, 33)
			return value << unused >> unused, true
		}
	}
	return 0, false
}

// name skips a string and returns where its bytes are. UTF-8 is left to wazero.
func (r *reader) name() (name []byte, ok bool) {
	size, ok := r.u32()
	start := r.pos
	if !ok || !r.skip(uint64(size)) {
		return nil, false
	}
	return r.bytes[start:r.pos], true
}

const (
	lebBytes32 = 5
	lebBytes64 = 10

	nullableRef    = 0x63 // (ref null <heap type>)
	nonNullableRef = 0x64 // (ref <heap type>)
	exnRef         = 0x69
	externRef      = 0x6f
	funcRef        = 0x70
)

func isReferenceType(b byte) bool {
	return b == funcRef || b == externRef || b == exnRef || b == nullableRef || b == nonNullableRef
}

// valueType skips one value type; nonNull: a local of it has no default value.
func (r *reader) valueType() (nonNull, ok bool) {
	b, ok := r.u8()
	if !ok {
		return false, false
	}
	switch b {
	case nullableRef, nonNullableRef:
		_, ok = r.i33()
		return b == nonNullableRef, ok
	}
	return false, true
}

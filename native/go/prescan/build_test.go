package prescan_test

// Modules are put together from bytes, so that a test shows what it is about.

func u32(n uint32) (b []byte) {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func repeat(n int, part ...byte) (b []byte) {
	for ; n > 0; n-- {
		b = append(b, part...)
	}
	return b
}

func section(id byte, content ...[]byte) []byte {
	body := join(content...)
	return join([]byte{id}, u32(uint32(len(body))), body)
}

func vector(entries ...[]byte) []byte { return join(u32(uint32(len(entries))), join(entries...)) }

func module(sections ...[]byte) []byte {
	return join([]byte("\x00asm\x01\x00\x00\x00"), join(sections...))
}

func name(s string) []byte { return join(u32(uint32(len(s))), []byte(s)) }

// body is a function body with its size; locals is its encoded vector of groups.
func body(locals []byte, code ...byte) []byte {
	content := join(locals, code)
	return join(u32(uint32(len(content))), content)
}

var (
	noLocals     = []byte{0}
	emptyType    = []byte{0x60, 0, 0}
	typeSection  = section(1, vector(emptyType))
	oneFunction  = section(3, []byte{1, 0})
	tableSection = func(minimum uint32) []byte { return section(4, vector(join([]byte{0x70, 0}, u32(minimum)))) }
)

// function is a module of one function of type [] -> [].
func function(locals []byte, code ...byte) []byte {
	return module(typeSection, oneFunction, section(10, vector(body(locals, code...))))
}

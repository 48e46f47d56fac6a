package wasmdebug

import (
	"bytes"
	"errors"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

func le32(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)} }

func sized(parts ...[]byte) []byte {
	all := slices.Concat(parts...)
	return append(le32(len(all)), all...)
}

// made is DWARF 4 of one unit that spans all addresses. Entries: 2 is an inlined routine called in a file of one byte, 3 has nothing at all,
// 4 has a string of .debug_str, 5 has ranges, 6 is an inlined routine called in a file that is a signed number.
func made(entries []byte, file string, program []byte) *DWARFLines {
	abbrev := []byte{
		1, 0x11, 1, 0x10, 0x17, 0x11, 1, 0x12, 6, 0, 0,
		2, 0x1d, 0, 0x11, 1, 0x12, 6, 0x58, 0x0b, 0x59, 0x0b, 0, 0,
		3, 0x24, 0, 0, 0,
		4, 0x1d, 0, 3, 0x0e, 0, 0,
		5, 0x1d, 0, 0x55, 0x17, 0, 0,
		6, 0x1d, 0, 0x11, 1, 0x12, 6, 0x58, 0x0d, 0, 0, 0,
	}
	all := append(le32(1), le32(0x7ffffff)...)
	info := sized([]byte{4, 0}, le32(0), []byte{4, 1}, le32(0), all, entries, []byte{0, 0})
	header := slices.Concat([]byte{1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0}, []byte(file), []byte{0, 0, 0, 0, 0})
	line := sized([]byte{2, 0}, le32(len(header)), header, program)
	return NewDWARFLines(abbrev, info, line, nil, []byte{0})
}

var program = []byte{0, 5, 2, 1, 0, 0, 0, 1, 2, 0x80, 0x80, 0x40, 1, 0, 1, 1} // line 1 from 1 to 0x100001

func inlinedIn(entry byte, file ...byte) []byte {
	return slices.Concat([]byte{entry}, le32(1), le32(0x7ffffff), file)
}

func TestHostileDWARF(t *testing.T) {
	long := strings.Repeat("f", 1000)
	all30 := make([]uint64, MaxFrames)
	for i := range all30 {
		all30[i] = uint64(100 + i)
	}
	for _, tc := range []struct {
		name  string
		lines *DWARFLines
		first string // of what is said; "": nothing
		count int
	}{
		{"a file of number 0", made(inlinedIn(2, 0, 7), "a.c", program), "0x64: a.c:1 (inlined)", 1},
		{"a file of number -1", made(inlinedIn(6, 0x7f), "a.c", program), "0x64: a.c:1 (inlined)", 1},
		{"a file that does not exist", made(inlinedIn(2, 2, 7), "a.c", program), "0x64: a.c:1 (inlined)", 1},
		{"20,000 inlined routines", made(bytes.Repeat(inlinedIn(2, 1, 7), 20_000), long, program), "0x64: …ff", 1 + mostInlined},
		{"8,000,000 entries", made(bytes.Repeat([]byte{3}, 8_000_000), "a.c", program), "0x64: a.c:1", 1},
		{"8,000,000 opcodes", made(nil, "a.c", append(bytes.Repeat([]byte{8}, 8_000_000), program...)), "", 0},
		{"a name without an end", made(nil, strings.Repeat("f", 64<<20), program), "", 0},
		{"a name that a terminal obeys", made(nil, "\x1b[2J\xff\u202e.c", program), `0x64: \x1b[2J\xff\u202e.c:1`, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, started := newBudget(), time.Now()
			sources := tc.lines.sources(all30, b)
			require.True(t, time.Since(started) < 2*time.Second, time.Since(started).String()) // idle it is some 10 ms
			require.Equal(t, tc.count, len(sources[0]))
			for _, line := range sources[0] {
				require.True(t, len(line) < mostName+64)
			}
			if tc.count > 0 {
				require.Contains(t, sources[0][0], tc.first)
			}
		})
	}
}

// The tables of as many units as there are, each of all of the section but some bytes: nothing is read of them before a trap, and little then.
func TestHostileAbbreviations(t *testing.T) {
	abbrev := append(bytes.Repeat([]byte{1}, 2_000_001), 0, 0, 0, 0)
	var info []byte
	for i := range 10_000 {
		info = append(info, sized([]byte{4, 0}, le32(2*i), []byte{4, 1})...)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	lines := NewDWARFLines(abbrev, info, []byte{0}, nil, nil)
	require.Equal(t, 0, len(lines.Line(1)))
	runtime.ReadMemStats(&after)
	require.True(t, after.TotalAlloc-before.TotalAlloc < 256<<20)
}

// What is little to read and much to keep, or costs no step of its own: time and memory are bounded whatever it is. Idle each is some 10 ms.
func TestHostileSteps(t *testing.T) {
	all30 := make([]uint64, MaxFrames)
	for i := range all30 {
		all30[i] = uint64(100 + i)
	}
	padded := bytes.Repeat([]byte{0x80}, 32<<20)
	var table []byte // of abbreviations without an attribute, none of which is asked for
	for i := range 3_000_000 {
		table = append(table, byte(i)|0x80, byte(i>>7)|0x80, byte(i>>14)|0x80, 1, 0x24, 0, 0, 0)
	}
	manyAttributes := slices.Concat([]byte{0x7f, 0x24, 0}, bytes.Repeat([]byte{3, 0x19}, 8_000_000), []byte{0, 0})
	header5 := func(tables []byte, program []byte) []byte {
		header := slices.Concat([]byte{1, 1, 1, 0xfb, 14, 2, 0}, tables)
		return sized([]byte{5, 0, 4, 0}, le32(len(header)), header, program)
	}
	line5 := slices.Concat([]byte{0, 5, 2, 1, 0, 0, 0, 1}, bytes.Repeat([]byte{0xff}, 20), []byte{0, 1, 1}) // opcode 1 has no operands, the rest are special
	wide := header5(append([]byte{8, 1, 0x19, 1, 0x19, 1, 0x19, 1, 0x19, 1, 0x19, 1, 0x19, 1, 0x19, 1, 0x19, 0xff, 0xff, 0xff, 0xff, 0x0f}, make([]byte, 64)...), line5)
	file := slices.Concat([]byte{1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0}, []byte("a.c\x00"), padded, []byte{0, 0, 0, 0})
	endless := sized([]byte{2, 0}, le32(len(file)), file, program)
	operands := slices.Concat([]byte{1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 255, 0}, []byte("a.c"), []byte{0, 0, 0, 0, 0})
	withOperands := sized([]byte{2, 0}, le32(len(operands)), operands, bytes.Repeat(append([]byte{12}, make([]byte, 255)...), 100_000))
	for name, change := range map[string]func(*DWARFLines){
		"3,000,000 abbreviations":       func(d *DWARFLines) { d.abbrev = append(table, d.abbrev...) },
		"one with 8,000,000 attributes": func(d *DWARFLines) { d.abbrev = append(manyAttributes, d.abbrev...) },
		"a number without an end":       func(d *DWARFLines) { d.abbrev = append(padded, d.abbrev...) },
		"1,000,000 units of nothing":    func(d *DWARFLines) { d.info = append(bytes.Repeat(sized([]byte{4, 0}), 1_000_000), d.info...) },
		"300,000 units of one entry": func(d *DWARFLines) {
			d.info = append(bytes.Repeat(sized([]byte{4, 0}, le32(0), []byte{4, 1}, le32(0), le32(1), le32(0), []byte{0}), 300_000), d.info...)
		},
		"300,000 routines in one another":        func(d *DWARFLines) { *d = *made(bytes.Repeat(inlinedIn(2, 1, 7), 300_000), "a.c", program) },
		"numbers without an end of a file":       func(d *DWARFLines) { d.line = endless },
		"a table of 2^32 files of 8 empty names": func(d *DWARFLines) { d.line = wide },
		"opcodes with 255 operands":              func(d *DWARFLines) { d.line = withOperands },
	} {
		t.Run(name, func(t *testing.T) {
			lines := made(bytes.Repeat(inlinedIn(2, 1, 7), 20), "a.c", program)
			change(lines)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b, started := newBudget(), time.Now()
			lines.sources(all30, b)
			took := time.Since(started)
			runtime.ReadMemStats(&after)
			t.Logf("%d steps left after %v, %d KiB", b.left, took, (after.TotalAlloc-before.TotalAlloc)>>10)
			require.True(t, took < time.Second, took.String())
			require.True(t, after.TotalAlloc-before.TotalAlloc < 32<<20)
		})
	}
}

// Whatever is in the sections, reading ends and nothing panics.
func TestChangedDWARF(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	whole := made(bytes.Repeat(inlinedIn(2, 1, 7), 20), "a.c", program)
	whole.ranges = bytes.Repeat([]byte{1, 0, 0, 0, 200, 0, 0, 0}, 4)
	for range 200_000 {
		changed := &DWARFLines{}
		for i, from := range []*[]byte{&whole.abbrev, &whole.info, &whole.line, &whole.ranges, &whole.str} {
			to := []*[]byte{&changed.abbrev, &changed.info, &changed.line, &changed.ranges, &changed.str}[i]
			*to = slices.Clone(*from)
			for n := random.Intn(3); n > 0 && len(*to) > 0; n-- {
				(*to)[random.Intn(len(*to))] = []byte{0, 1, 5, 0x1d, 0x7f, 0x80, 0xff, byte(random.Int())}[random.Intn(8)]
			}
			*to = (*to)[:len(*to)-random.Intn(2)*random.Intn(len(*to)+1)]
		}
		b := &budget{left: 10_000}
		changed.sources([]uint64{100, 0x100001, 0}, b)
		require.True(t, b.left > -10_000)
	}
}

func TestTraceIsBounded(t *testing.T) {
	builder := NewErrorBuilder()
	lines := made(bytes.Repeat(inlinedIn(2, 1, 7), 20_000), strings.Repeat("f", 1000), program)
	name := strings.Repeat("\x01", 2_000_000)
	for range MaxFrames {
		builder.AddFrame(FuncName(name, name, 0), bytes.Repeat([]byte{0x7f}, 1000), bytes.Repeat([]byte{0x7f}, 1000), nil)
		builder.Locate(lines, 100)
	}
	err := builder.FromRecovered(wasmruntime.ErrRuntimeUnreachable)
	require.True(t, errors.Is(err, wasmruntime.ErrRuntimeUnreachable))
	require.True(t, len(err.Error()) < MaxFrames*(3*mostName+(1+mostInlined)*(mostName+64)))
	require.Equal(t, 0, strings.Count(err.Error(), "\x01"))
}

// What a panic inside of the reader would do: the trap is told without sources.
func TestTraceWithoutSources(t *testing.T) {
	builder := NewErrorBuilder()
	builder.AddFrame("x.y", nil, nil, nil)
	lines := made(nil, "a.c", program)
	builder.Locate(lines, 100)
	builder.(*stackTrace).frames[0].lines = nil
	for range MaxFrames * 3 { // more addresses than there is room for
		f := traceFrame{function: "x.z()", lines: lines, offset: 100}
		builder.(*stackTrace).frames = append(builder.(*stackTrace).frames, f)
	}
	text := builder.FromRecovered(wasmruntime.ErrRuntimeUnreachable).Error()
	require.Contains(t, text, "wasm error: unreachable\nwasm stack trace:\n\tx.y()\n\tx.z()")
}

func TestShown(t *testing.T) {
	for name, shown := range map[string]string{
		"":                                 "",
		"plain":                            "plain",
		"a\nb\tc\x00d\x7f":                 `a\nb\tc\x00d\x7f`,
		"ü€😀":                              "ü€😀",
		"\u202eabc\u2028\u0085":            `\u202eabc\u2028\u0085`,
		"\xff\xfe":                         `\xff\xfe`,
		strings.Repeat("a", 256):           strings.Repeat("a", 256),
		strings.Repeat("a", 257):           strings.Repeat("a", 253) + "…",
		strings.Repeat("ü", 128):           strings.Repeat("ü", 128),
		strings.Repeat("ü", 200):           strings.Repeat("ü", 126) + "…",
		"a" + strings.Repeat("😀", 100_000): "a" + strings.Repeat("😀", 63) + "…",
	} {
		require.Equal(t, shown, Shown(name))
		require.True(t, len(Shown(name)) <= mostName)
		require.True(t, utf8.ValidString(Shown(name)))
	}
	require.Equal(t, "…"+strings.Repeat("ü", 126), ShownEnd([]byte(strings.Repeat("ü", 200))))
	require.Equal(t, `dir/\x1b.c`, ShownEnd([]byte("dir/\x1b.c")))
}

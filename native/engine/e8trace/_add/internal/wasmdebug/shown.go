package wasmdebug

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostName is how much of a name that a guest chose is shown, in bytes.
const mostName = 256

// Shown is the beginning of a name as it stands in traces and messages: short, on one line, and without what a terminal obeys.
func Shown(name string) string {
	if isPlain(name) {
		return name
	}
	var b strings.Builder
	cut := 0 // where there is room for what says that more was there
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		b.WriteString(shownRune(r, name[i:i+n]))
		if b.Len() > mostName {
			return b.String()[:cut] + "…"
		}
		if b.Len() <= mostName-len("…") {
			cut = b.Len()
		}
		i += n
	}
	return b.String()
}

// isPlain is what nearly all names are: a module may have 100,000.
func isPlain(name string) bool {
	if len(name) > mostName {
		return false
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// ShownEnd is the end of a path, likewise.
func ShownEnd(path []byte) string {
	left, at := mostName-len("…"), len(path)
	var pieces []string
	for at > 0 {
		r, n := utf8.DecodeLastRune(path[:at])
		piece := shownRune(r, string(path[at-n:at]))
		if left -= len(piece); left < 0 {
			break
		}
		pieces = append(pieces, piece)
		at -= n
	}
	var b strings.Builder
	if at > 0 {
		b.WriteString("…")
	}
	for i := len(pieces) - 1; i >= 0; i-- {
		b.WriteString(pieces[i])
	}
	return b.String()
}

// shownRune escapes what is not printed: control characters, such that turn the order of others round, and bytes that are no text.
func shownRune(r rune, encoded string) string {
	if r == utf8.RuneError && len(encoded) == 1 {
		return `\x` + strconv.FormatUint(0x100|uint64(encoded[0]), 16)[1:]
	}
	if strconv.IsPrint(r) {
		return encoded
	}
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

// Package shown makes what crosses of text that a module, its guest or a file brought. JavaScript has the names themselves, in definitions; in
// messages they are short, and nothing in them moves the cursor of a terminal or begins a line of its own.
package shown

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// TraceHeader is what wazero writes above its own trace.
const TraceHeader = "\nwasm stack trace:"

const (
	mostName    = 256      // bytes
	MostMessage = 64 << 10 // likewise
	mostHead    = 2 << 10  // of what stands above a trace, or without one
)

// Name is a name in a message.
func Name(name string) string { return Escaped(name, mostName, "") }

// Reason leaves out the paths that an error of os names: who shows it says which, or none.
func Reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// Message keeps the lines of wazero's trace; above them there is one. What is too long in that is a name in the middle of it: what is said of
// the name stays.
func Message(message string) string {
	head, trace, traced := strings.Cut(message, TraceHeader)
	if len(head) > mostHead {
		begin, end := mostHead/2, len(head)-mostHead/2
		for begin > 0 && !utf8.RuneStart(head[begin]) {
			begin--
		}
		for end < len(head) && !utf8.RuneStart(head[end]) {
			end++
		}
		head = head[:begin] + "…" + head[end:]
	}
	head = Escaped(head, MostMessage, "")
	if left := MostMessage - len(head) - len(TraceHeader); traced && left > 0 {
		return head + TraceHeader + Escaped(trace, left, "\n\t")
	}
	return head
}

// Function is module.function of a trace, where each is a name.
func Function(name string) string { return Escaped(name, 2*mostName+1, "") }

// End is a path with its line, of which the end says more.
func End(path string) string {
	const most = mostName + len(":4294967295:4294967295 (inlined)")
	if len(path) > most {
		from := len(path) - most + len("…")
		for from < len(path) && !utf8.RuneStart(path[from]) {
			from++
		}
		path = "…" + path[from:]
	}
	return Escaped(path, 4*most, "")
}

// Escaped is text without what is not printed, but for what is kept, and no longer than most: where it ends early, it says so.
func Escaped(text string, most int, kept string) string {
	var b strings.Builder
	cut := 0 // where there is room to say so
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(0x100|uint64(text[i]), 16)[1:])
		case strconv.IsPrint(r) || strings.ContainsRune(kept, r):
			b.WriteString(text[i : i+n])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		if b.Len() > most {
			return b.String()[:cut] + "…"
		}
		if b.Len() <= most-len("…") {
			cut = b.Len()
		}
		i += n
	}
	return b.String()
}

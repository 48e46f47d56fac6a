package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// What crosses of text that a module, its guest or a file brought. JavaScript has the names themselves, in definitions; in messages they are
// short, and nothing in them moves the cursor of a terminal or begins a line of its own.

const (
	mostName    = 256      // bytes
	mostMessage = 64 << 10 // likewise
	mostHead    = 2 << 10  // of what stands above a trace, or without one
)

// shownName is a name in a message.
func shownName(name string) string { return escaped(name, mostName, "") }

// shownMessage keeps the lines of wazero's trace; above them there is one. What is too long in that is a name in the middle of it: what is said of
// the name stays.
func shownMessage(message string) string {
	head, trace, traced := strings.Cut(message, traceHeader)
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
	head = escaped(head, mostMessage, "")
	if left := mostMessage - len(head) - len(traceHeader); traced && left > 0 {
		return head + traceHeader + escaped(trace, left, "\n\t")
	}
	return head
}

// shownFunction is module.function of a trace, where each is a name.
func shownFunction(name string) string { return escaped(name, 2*mostName+1, "") }

// shownEnd is a path with its line, of which the end says more.
func shownEnd(path string) string {
	const most = mostName + len(":4294967295:4294967295 (inlined)")
	if len(path) > most {
		from := len(path) - most + len("…")
		for from < len(path) && !utf8.RuneStart(path[from]) {
			from++
		}
		path = "…" + path[from:]
	}
	return escaped(path, 4*most, "")
}

// escaped is text without what is not printed, but for what is kept, and no longer than most: where it ends early, it says so.
func escaped(text string, most int, kept string) string {
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

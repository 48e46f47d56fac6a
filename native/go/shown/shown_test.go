package shown

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestShown(t *testing.T) {
	for name, want := range map[string]string{
		"plain ü 😀":                   "plain ü 😀",
		"\x1b[2J\n\t\x00\u0085\u202e": `\x1b[2J\n\t\x00\u0085\u202e`,
		"\xff":                        `\xff`,
		strings.Repeat("a", 256):      strings.Repeat("a", 256),
		strings.Repeat("a", 257):      strings.Repeat("a", 253) + "…",
		strings.Repeat("ü", 200):      strings.Repeat("ü", 126) + "…",
	} {
		if got := Name(name); got != want || !utf8.ValidString(got) {
			t.Errorf("%q: expected %q but received %q", name, want, got)
		}
	}
	message := "module[a\nb] failed: wasm error: unreachable" + TraceHeader + "\n\tm.f()\n\t\t0x1f: a\x1b.c:1"
	if got, want := Message(message), `module[a\nb] failed: wasm error: unreachable`+TraceHeader+"\n\tm.f()\n\t\t0x1f: a\\x1b.c:1"; got != want {
		t.Errorf("expected %q but received %q", want, got)
	}
	if got := Message("module[" + strings.Repeat("ü", MostMessage) + "] not instantiated"); len(got) > mostHead+3 || !strings.HasSuffix(got, "ü] not instantiated") || !utf8.ValidString(got) {
		t.Errorf("a message with a long name became %q", got)
	}
	for _, long := range []string{"x" + TraceHeader + strings.Repeat("ü", MostMessage), "x" + TraceHeader + strings.Repeat("\x01", MostMessage), "x" + TraceHeader + strings.Repeat("\n", 1<<20)} {
		if got := Message(long); len(got) > MostMessage || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
			t.Errorf("a message of %d bytes became %d", len(long), len(got))
		}
	}
	if got := End(strings.Repeat("ü", 1000) + "/a.c:7"); len(got) > 300 || !strings.HasPrefix(got, "…ü") || !strings.HasSuffix(got, "/a.c:7") {
		t.Errorf("a long path became %q", got)
	}
}

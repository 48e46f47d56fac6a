package main

import (
	"errors"
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
		if got := shownName(name); got != want || !utf8.ValidString(got) {
			t.Errorf("%q: expected %q but received %q", name, want, got)
		}
	}
	message := "module[a\nb] failed: wasm error: unreachable" + traceHeader + "\n\tm.f()\n\t\t0x1f: a\x1b.c:1"
	if got, want := shownMessage(message), `module[a\nb] failed: wasm error: unreachable`+traceHeader+"\n\tm.f()\n\t\t0x1f: a\\x1b.c:1"; got != want {
		t.Errorf("expected %q but received %q", want, got)
	}
	if got := shownMessage("module[" + strings.Repeat("ü", mostMessage) + "] not instantiated"); len(got) > mostHead+3 || !strings.HasSuffix(got, "ü] not instantiated") || !utf8.ValidString(got) {
		t.Errorf("a message with a long name became %q", got)
	}
	for _, long := range []string{"x" + traceHeader + strings.Repeat("ü", mostMessage), "x" + traceHeader + strings.Repeat("\x01", mostMessage), "x" + traceHeader + strings.Repeat("\n", 1<<20)} {
		if got := shownMessage(long); len(got) > mostMessage || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
			t.Errorf("a message of %d bytes became %d", len(long), len(got))
		}
	}
	if got := shownEnd(strings.Repeat("ü", 1000) + "/a.c:7"); len(got) > 300 || !strings.HasPrefix(got, "…ü") || !strings.HasSuffix(got, "/a.c:7") {
		t.Errorf("a long path became %q", got)
	}
}

func TestErrorThatCrossesIsBounded(t *testing.T) {
	e := &wzError{Code: codeTrap, Message: strings.Repeat("\x01", 1<<20)}
	for range 30 {
		e.Frames = append(e.Frames, traceFrame{strings.Repeat("\x01", 1<<20), strings.Repeat("\x02", 1<<20)})
	}
	if n := len(e.json()); n > 8*mostMessage {
		t.Errorf("an error of %d bytes crosses", n)
	}
	if len(e.Message) != 1<<20 {
		t.Error("the error itself was changed")
	}
}

func TestFunctionOfTrace(t *testing.T) {
	for line, want := range map[string]string{
		"m.f()": "m.f", "m.f(i32,i64) i32": "m.f", "m.f(i32) (i32,f64)": "m.f", "m.f() (i32,f64)": "m.f",
		"m.a(int)(i32)": "m.a(int)", "m.a(int) (b)() i32": "m.a(int) (b)", "m.f(i32) (i32…)": "m.f", ".$7()": ".$7", "(i32)": "(i32)",
	} {
		if got := withoutTypes(line); got != want {
			t.Errorf("%q: expected %q but received %q", line, want, got)
		}
	}
}

type panicked struct{ error }

func (panicked) GoStack() []byte {
	return []byte("goroutine 1 [running]:\nmain.f({0x7f5d1655c020})\n\t/src/f.go:1")
}

func TestNoStackOfGoCrosses(t *testing.T) {
	panicsTold.Store(0)
	told := panicsTold.Load()
	for _, e := range []*wzError{
		asError(protect(func() error { var none *wzError; return closedError(none.Message) })),
		asError(protect(func() error { panic("text") })),
		classify(panicked{errors.New("index out of range [-1] (recovered by wazero)")}, codeTrap),
		classify(panicked{errors.New("index out of range [-1] (recovered by wazero)")}, codeCompile),
	} {
		if text := string(e.json()); strings.Contains(text, "goroutine") || strings.Contains(text, ".go:") || strings.Contains(text, "0x7f") {
			t.Errorf("a message has the stack: %s", text)
		}
	}
	if panicsTold.Load() != told+4 {
		t.Errorf("expected 4 warnings but received %d", panicsTold.Load()-told)
	}
	for range 100 {
		warnOfPanic("again", nil)
	}
	if panicsTold.Load() != mostPanicsTold {
		t.Errorf("expected %d warnings at most but received %d", mostPanicsTold, panicsTold.Load())
	}
}
